"""Files that pages load: scripts with their modules, styles, pictures."""

from attendance.adapters.web.server.static_files.files import (
    FOR_GOOD as FOR_GOOD,
    sent_often as sent_often,
    spare as spare,
    static_files as static_files,
    static_handlers as static_handlers,
    static_path as static_path,
)

"""Where adapters meet use cases: settings, container, the library's front door, the ASGI app, the command."""

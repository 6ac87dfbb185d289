"""Where adapters meet use cases: settings, the container, the library's front door, the ASGI app, the command."""

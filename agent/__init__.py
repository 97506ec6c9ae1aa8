"""The advisor: snapshot to forecast to plan to choice to checked command, with a journal."""

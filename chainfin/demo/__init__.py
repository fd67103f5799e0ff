"""The main job, played through the HTTP API by invented companies with keys of their own."""

"""What both consoles share: the app and its sections, keys, themes, lists, plots, pictures, dialogs, requests."""

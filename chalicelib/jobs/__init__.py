"""What people have under way in the background: one list of it all, and how much of it there is."""

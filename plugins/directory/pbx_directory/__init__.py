"""The directory: the phone book as phones and phone systems read it."""

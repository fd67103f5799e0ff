"""What a participant's own machine needs: sign in, call, look at what is signed, sign it, confirm."""

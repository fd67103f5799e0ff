"""From the application to the money: decided, offered, accepted, funded; limits, margin calls, end of day."""

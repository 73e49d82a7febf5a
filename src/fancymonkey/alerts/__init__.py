"""What has happened, told to the owner over channels and to other systems by signed webhooks."""

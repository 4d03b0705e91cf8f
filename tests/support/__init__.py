"""What several rooms' tests stand on."""

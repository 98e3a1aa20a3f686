"""What a daemon shows of itself: metrics, health, a page."""

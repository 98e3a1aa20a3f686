"""What shows that nothing is given twice, lost or leaked."""

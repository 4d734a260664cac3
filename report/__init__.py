"""What people see: the nightly report, the letters, the workbook and the page, all from the published tables."""

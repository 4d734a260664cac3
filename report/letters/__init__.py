"""The letters between the departments: each day what one side gave the other and what is still owed, each week both
together; written once, and shown as mail, plain text, chat message and workbook.
"""

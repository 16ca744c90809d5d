"""What is taught, by whom, where and with what: programmes, cohorts, courses, activities, materials, people, sites.

Pure and frozen. Nothing here knows a database, a file or the time.
"""

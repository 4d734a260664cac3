-- Prefect's history is a database of its own: its migrations never meet the warehouse's.
CREATE DATABASE prefect;

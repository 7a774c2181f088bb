-- Does nothing: no database can be kept from taking sessions, so there is nothing to open.
SELECT 1;

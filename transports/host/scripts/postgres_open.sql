-- Lets the database take sessions again.
ALTER DATABASE :"base" WITH ALLOW_CONNECTIONS true;

-- Says the statements that make the database `in`, empty, like the one that it is for.
source mysql_drop.sql
SELECT CONCAT('CREATE DATABASE IF NOT EXISTS ', '`', REPLACE(@in, '`', '``'), '`',
	' CHARACTER SET ', default_character_set_name,
	' COLLATE ', default_collation_name, ';')
	FROM schemata WHERE schema_name = @base;
SELECT CONCAT('CREATE TABLE ', '`', REPLACE(@in, '`', '``'), '`',
	'.rfa_loading (id INT PRIMARY KEY)',
	' ENGINE=InnoDB;');

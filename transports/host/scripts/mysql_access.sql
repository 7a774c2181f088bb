-- Says who gets in, as JSON: the accounts without a password, and those that may come from everywhere.
--
-- Which columns there are depends on who made the server, and when.
SET @me = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''');
SET @may = EXISTS (SELECT * FROM user_privileges WHERE grantee = @me AND privilege_type = 'SELECT')
	OR EXISTS (SELECT * FROM schema_privileges WHERE grantee = @me AND privilege_type = 'SELECT'
	AND 'mysql' LIKE table_schema);
SET @old = IF(EXISTS (SELECT * FROM columns WHERE table_schema = 'mysql' AND table_name = 'user'
	AND column_name = 'Password'), ' AND COALESCE(Password, "") = ""', '');
SET @more = CONCAT(IF(EXISTS (SELECT * FROM columns WHERE table_schema = 'mysql' AND table_name = 'user'
	AND column_name = 'account_locked'), ' AND account_locked = "N"', ''),
	IF(EXISTS (SELECT * FROM columns WHERE table_schema = 'mysql' AND table_name = 'user'
	AND column_name = 'is_role'), ' AND is_role = "N"', ''));
SET @ask = IF(@may, CONCAT('SELECT GROUP_CONCAT(IF(bare AND NOT near, JSON_QUOTE(CONCAT(
	"the account ", who, " gets in without a password")), NULL) ORDER BY who),
	GROUP_CONCAT(IF(NOT bare AND INSTR(from_host, "%"), JSON_QUOTE(CONCAT(
	"the account ", who, " gets in from everywhere, with what proves it")), NULL) ORDER BY who)
	INTO @open, @wide FROM (SELECT host AS from_host,
	CONCAT("''", user, "''@''", host, "''") AS who,
	host IN ("localhost", "127.0.0.1", "::1") AS near,
	COALESCE(authentication_string, "") = ""', @old, ' AND plugin IN ("", "mysql_native_password",
	"mysql_old_password", "caching_sha2_password", "sha256_password", "ed25519", "parsec") AS bare
	FROM mysql.user WHERE 1', @more, ') accounts'), 'DO 0');
PREPARE asked FROM @ask;
EXECUTE asked;
-- A server that checks nobody says so by whom it takes us for.
SET @nobody = CURRENT_USER() LIKE '%skip-grants%' OR CURRENT_USER() = '@';
SELECT IF(@may OR @nobody, CONCAT('{"up":true,"open":[', IF(@nobody,
	'"it checks nobody (skip-grant-tables)"', COALESCE(@open, '')), '],"wide":[',
	COALESCE(@wide, ''), '],"unsure":[]}'), CONCAT('{"up":false,"why":', JSON_QUOTE(CONCAT(
	'the user ', CURRENT_USER(), ' may not read mysql.user')), '}'));

mod plain {}

using System.Data;
using System.Data.Common;
using System.Globalization;
using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Data;

public class ReaderTests
{
    private static readonly (string Name, Func<DbDataReader, object?> Get)[] Getters =
    [
        ("GetValue", r => Providers.Show(r.GetValue(0))),
        ("IsDBNull", r => r.IsDBNull(0)),
        ("GetFieldType", r => r.GetFieldType(0).Name),
        ("GetDataTypeName", r => r.GetDataTypeName(0)),
        ("GetBoolean", r => r.GetBoolean(0)),
        ("GetByte", r => r.GetByte(0)),
        ("GetInt16", r => r.GetInt16(0)),
        ("GetInt32", r => r.GetInt32(0)),
        ("GetInt64", r => r.GetInt64(0)),
        ("GetFloat", r => r.GetFloat(0)),
        ("GetDouble", r => r.GetDouble(0)),
        ("GetDecimal", r => r.GetDecimal(0)),
        ("GetString", r => r.GetString(0)),
        ("GetGuid", r => r.GetGuid(0)),
        ("GetDateTime", r => Time(r.GetDateTime(0))),
        ("DateTimeOffset", r => r.GetFieldValue<DateTimeOffset>(0).ToString("o", CultureInfo.InvariantCulture)),
        ("DateOnly", r => r.GetFieldValue<DateOnly>(0)),
        ("TimeOnly", r => r.GetFieldValue<TimeOnly>(0)),
        ("TimeSpan", r => r.GetFieldValue<TimeSpan>(0)),
        ("char", r => r.GetFieldValue<char>(0)),
        ("sbyte", r => r.GetFieldValue<sbyte>(0)),
        ("ushort", r => r.GetFieldValue<ushort>(0)),
        ("uint", r => r.GetFieldValue<uint>(0)),
        ("ulong", r => r.GetFieldValue<ulong>(0)),
        ("int?", r => r.GetFieldValue<int?>(0)),
        ("Guid?", r => r.GetFieldValue<Guid?>(0)),
        ("DateTime?", r => r.GetFieldValue<DateTime?>(0) is { } time ? Time(time) : null),
        ("enum", r => r.GetFieldValue<DayOfWeek>(0)),
        ("byte[]", r => Convert.ToHexString(r.GetFieldValue<byte[]>(0))),
        ("string", r => r.GetFieldValue<string>(0)),
        ("Stream", r => ReadAll(r.GetStream(0))),
        ("TextReader", r => r.GetTextReader(0).ReadToEnd()),
        ("GetBytes length", r => r.GetBytes(0, 0, null, 0, 0)),
        ("GetBytes part", r => Part(r)),
        ("GetBytes at", r => Pieces(length: 2, (at, buffer) => r.GetBytes(0, at, buffer, 1, 2), new byte[4])),
        ("GetChars at", r => Pieces(length: 2, (at, buffer) => r.GetChars(0, at, buffer, 1, 2), new char[4])),
        ("decimal?", r => r.GetFieldValue<decimal?>(0)),
        ("DateOnly?", r => r.GetFieldValue<DateOnly?>(0)),
        ("TimeOnly?", r => r.GetFieldValue<TimeOnly?>(0)),
        ("TimeSpan?", r => r.GetFieldValue<TimeSpan?>(0)),
        ("DateTimeOffset?", r => r.GetFieldValue<DateTimeOffset?>(0)?.ToString("o", CultureInfo.InvariantCulture)),
        ("stream of a field", r => ReadAll(r.GetFieldValue<Stream>(0))),
        ("text of a field", r => r.GetFieldValue<TextReader>(0).ReadToEnd()),
        ("GetChars length", r => r.GetChars(0, 0, null, 0, 0)),
        ("indexer", r => Providers.Show(r["v"])),
        ("indexer in another case", r => Providers.Show(r["V"])),
    ];

    /// <summary>Values with the getters that must give what Microsoft.Data.Sqlite gives; the others may be an error of ours.</summary>
    public static TheoryData<string, string> Cases() => new()
    {
        { "1", "GetValue,IsDBNull,GetFieldType,GetDataTypeName,GetBoolean,GetByte,GetInt16,GetInt32,GetInt64,GetFloat,GetDouble,GetDecimal,GetString,sbyte,ushort,uint,ulong,int?,decimal?,enum,string,TextReader,GetChars length,indexer,indexer in another case,TimeSpan" },
        { "-300", "GetValue,GetInt16,GetInt32,GetInt64,GetDouble,GetDecimal,GetString,TimeSpan" },
        { "9223372036854775807", "GetValue,GetInt64,GetDouble,GetDecimal,GetString,ulong" },
        { "21.5", "GetValue,GetFieldType,GetDataTypeName,GetInt32,GetInt64,GetFloat,GetDouble,GetDecimal,GetString,string" },
        { "2460370.02428241", "GetDateTime,GetDouble,DateTimeOffset" },
        { "1e20", "GetValue,GetDouble,GetDecimal" },
        { "0.5", "TimeSpan" },
        { "'x'", "GetValue,IsDBNull,GetFieldType,GetDataTypeName,GetString,char,byte[],Stream,TextReader,GetBytes length,GetChars length" },
        { "''", "GetValue,GetString,byte[],GetBytes length,GetBytes part,GetChars length" },
        { "'h\u00e9llo \ud83d\ude00'", "GetString,byte[],GetBytes length,GetBytes part,GetBytes at,GetChars length,GetChars at,TextReader,text of a field" },
        { "'42'", "GetInt32,GetInt64,GetDouble,GetDecimal,GetByte,GetBoolean,int?" },
        { "'2024-02-29 12:34:56.789'", "GetDateTime,DateTimeOffset,DateTime?" },
        { "'2024-02-29T12:34:56Z'", "GetDateTime,DateTimeOffset" },
        { "'2024-02-29 12:34:56.1234567+02:30'", "GetDateTime,DateTimeOffset" },
        { "'2024-02-29'", "GetDateTime,DateTimeOffset,DateTimeOffset?,DateOnly,DateOnly?" },
        { "'12:34:56.5'", "TimeSpan,TimeSpan?,TimeOnly,TimeOnly?" },
        { "'-1.02:03:04.0050000'", "TimeSpan" },
        { "'6F9619FF-8B86-D011-B42D-00CF4FC964FF'", "GetGuid,Guid?,GetString" },
        { "x'ff19966f868b11d0b42d00cf4fc964ff'", "GetGuid,Guid?,GetValue,byte[],GetBytes length,GetBytes part,Stream" },
        { "x'00ff41'", "GetValue,GetFieldType,GetDataTypeName,byte[],Stream,stream of a field,GetBytes at,GetBytes length,GetBytes part,IsDBNull,indexer" },
        { "x''", "GetValue,byte[],GetBytes length" },
        { "NULL", "GetValue,IsDBNull,GetFieldType,GetDataTypeName,GetBoolean,GetInt32,GetDouble,GetString,GetGuid,GetDateTime,GetDecimal,TextReader,indexer" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reads_as_Microsoft_Data_Sqlite_reads(string literal, string getters)
    {
        string[] agreed = getters.Split(',');
        Providers.Agree(connection =>
        {
            using DbCommand command = connection.Command($"SELECT {literal} AS v");
            using DbDataReader reader = command.ExecuteReader();
            Assert.True(reader.Read());
            return string.Join("\n", Getters.Where(g => agreed.Contains(g.Name)).Select(g => $"{g.Name}: {Providers.OrError(() => g.Get(reader))}"));
        });
    }

    [Theory]
    [InlineData("300", "GetByte", typeof(OverflowException), "the range 0 to 255")]
    [InlineData("3000000000", "GetInt32", typeof(OverflowException), "integer 3000000000")]
    [InlineData("-1", "ulong", typeof(OverflowException), "the range 0 to")]
    [InlineData("1e300", "GetInt64", typeof(OverflowException), "64-bit")]
    [InlineData("1e300", "GetDecimal", typeof(OverflowException), "decimal")]
    [InlineData("'abc'", "GetInt32", typeof(InvalidCastException), "text 'abc', which cannot be read as an integer")]
    [InlineData("'12abc'", "GetDouble", typeof(InvalidCastException), "real number")]
    [InlineData("'no date'", "GetDateTime", typeof(FormatException), "a date")]
    [InlineData("'07:08:09'", "DateOnly", typeof(FormatException), "text '07:08:09', which cannot be read as a date")]
    [InlineData("'2024-13-01'", "DateOnly", typeof(FormatException), "a date")]
    [InlineData("'6F9619FF-8B86'", "GetGuid", typeof(FormatException), "text '6F9619FF-8B86', which cannot be read as a Guid")]
    [InlineData("'12abc'", "GetDecimal", typeof(FormatException), "a decimal number")]
    [InlineData("5000000000", "enum", typeof(OverflowException), "integer 5000000000")]
    [InlineData("1706000000000000", "GetDateTime", typeof(InvalidCastException), "Unix")]
    [InlineData("x'01'", "GetGuid", typeof(InvalidCastException), "a blob of 1 bytes")]
    [InlineData("7", "byte[]", typeof(InvalidCastException), "bytes")]
    [InlineData("NULL", "GetInt64", typeof(InvalidOperationException), "is NULL")]
    public void What_does_not_fit_is_an_error_that_names_column_and_value(string literal, string getter, Type type, string message)
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand($"SELECT {literal} AS reading");
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        Exception error = Assert.Throws(type, () => Getters.Single(g => g.Name == getter).Get(reader));
        Assert.Contains("'reading'", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Reads_types_that_Microsoft_Data_Sqlite_does_not()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT 5, x'0102'");
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        Assert.Equal(DayOfWeek.Friday, reader.GetFieldValue<DayOfWeek?>(0));
        Assert.Equal([1, 2], reader.GetFieldValue<ReadOnlyMemory<byte>>(1).ToArray());
    }

    [Fact]
    public void NULL_is_null_in_types_that_have_one()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT NULL");
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        Assert.Null(reader.GetFieldValue<int?>(0));
        Assert.Null(reader.GetFieldValue<DateTimeOffset?>(0));
        Assert.Null(reader.GetFieldValue<string?>(0));
        Assert.Null(reader.GetFieldValue<byte[]?>(0));
        Assert.Null(reader.GetFieldValue<DayOfWeek?>(0));
        Assert.Equal(DBNull.Value, reader.GetFieldValue<object>(0));
        Assert.Equal(DBNull.Value, reader.GetFieldValue<DBNull>(0));
        Assert.True(reader.GetFieldValue<SqlValue>(0).IsNull);
        Assert.Throws<InvalidOperationException>(() => reader.GetFieldValue<int>(0));
    }

    [Fact]
    public void Describes_columns_before_the_first_row()
    {
        const string setUp = "CREATE TABLE t(id INTEGER PRIMARY KEY, name VARCHAR(20), price REAL, data BLOB, anything, n NUMERIC(5,2), when_ DATETIME)";
        Providers.Agree(Describe("SELECT *, id + 1, 'x' AS label FROM t"), setUp);
        Providers.Agree(Describe("SELECT *, id + 1, 'x' AS label FROM t"), setUp + "; INSERT INTO t(name, anything) VALUES('a', 1.5)");

        static Func<DbConnection, string> Describe(string sql) => connection =>
        {
            using DbCommand command = connection.Command(sql);
            using DbDataReader reader = command.ExecuteReader();
            return $"{reader.HasRows} {reader.FieldCount} {reader.VisibleFieldCount} {reader.Depth}\n" + string.Join("\n", Enumerable.Range(0, reader.FieldCount)
                .Select(i => $"{reader.GetName(i)} {reader.GetDataTypeName(i)} {reader.GetFieldType(i).Name} {reader.GetOrdinal(reader.GetName(i))}"));
        };
    }

    [Fact]
    public void Gives_every_result_of_many_statements()
    {
        const string sql = "CREATE TABLE t(a); INSERT INTO t VALUES(1), (2); SELECT a FROM t; UPDATE t SET a = a + 1; ; -- note\n SELECT count(*), sum(a) FROM t; DELETE FROM t WHERE a = 2; SELECT * FROM t WHERE 0; SELECT 'end';";
        Providers.Agree(connection =>
        {
            using DbCommand command = connection.Command(sql);
            using DbDataReader reader = command.ExecuteReader();
            List<string> seen = [];
            do
            {
                seen.Add($"result {reader.FieldCount} {reader.HasRows} {reader.RecordsAffected}");
                while (reader.Read())
                {
                    seen.Add(string.Join(",", Enumerable.Range(0, reader.FieldCount).Select(reader.GetValue)));
                }
            }
            while (reader.NextResult());
            reader.Close();
            seen.Add($"end {reader.RecordsAffected} {reader.IsClosed}");
            return string.Join("\n", seen);
        });
    }

    [Fact]
    public void Closing_runs_the_statements_that_are_left()
    {
        const string setUp = "CREATE TABLE t(a)";
        Providers.Agree(
            connection =>
            {
                using (DbCommand command = connection.Command("SELECT 1; INSERT INTO t VALUES(5); SELECT 2; INSERT INTO t VALUES(6)"))
                using (DbDataReader reader = command.ExecuteReader())
                {
                    reader.Read();
                }

                return string.Join(",", connection.Rows("SELECT a FROM t"));
            },
            setUp);
    }

    [Fact]
    public void Nothing_runs_after_a_statement_that_failed()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a NOT NULL)");
        SluiceException error = Assert.Throws<SluiceException>(
            () => connection.Run("INSERT INTO t VALUES(1); INSERT INTO t VALUES(NULL); INSERT INTO t VALUES(3)"));
        Assert.Equal(ResultCode.ConstraintNotNull, error.Code);
        SluiceCommand command = connection.CreateCommand("INSERT INTO t VALUES(4); SELECT 1; INSERT INTO t VALUES(NULL); INSERT INTO t VALUES(5)");
        SluiceDataReader reader = command.ExecuteReader();
        Assert.Throws<SluiceException>(() => reader.NextResult());
        reader.Close();
        Assert.Equal(["integer 1", "integer 4"], connection.Rows("SELECT a FROM t"));
    }

    [Fact]
    public void Fills_a_DataTable()
    {
        const string setUp = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, v REAL, b BLOB); INSERT INTO t VALUES(1, 'a', 1.5, x'00'), (2, NULL, NULL, NULL)";
        Providers.Agree(
            connection =>
            {
                using DbCommand command = connection.Command("SELECT id, name, v, b FROM t ORDER BY id");
                using DbDataReader reader = command.ExecuteReader();
                DataTable table = new();
                table.Load(reader);
                return string.Join("\n", table.Columns.Cast<DataColumn>().Select(c => $"{c.ColumnName} {c.DataType.Name}"))
                    + string.Join("\n", table.Rows.Cast<DataRow>().Select(r => string.Join(",", r.ItemArray.Select(v => Providers.Show(v!)))));
            },
            setUp);
    }

    [Fact]
    public void The_schema_table_has_the_columns()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
        using SluiceCommand command = connection.CreateCommand("SELECT id, name, 1 + 1 AS two FROM t");
        using SluiceDataReader reader = command.ExecuteReader(CommandBehavior.SchemaOnly);
        DataTable schema = reader.GetSchemaTable()!;
        Assert.Equal(
            ["id 0 System.Int64 False", "name 1 System.String False", "two 2 System.Byte[] True"],
            schema.Rows.Cast<DataRow>().Select(r => $"{r["ColumnName"]} {r["ColumnOrdinal"]} {r["DataType"]} {r["IsExpression"]}"));
        Assert.False(reader.Read());
    }

    [Fact]
    public void The_schema_table_says_where_columns_are_from()
    {
        const string setUp = "CREATE TABLE t(id INTEGER PRIMARY KEY, n VARCHAR(20) NOT NULL, u); CREATE VIEW w AS SELECT n AS m, u FROM t";
        string[] told = ["ColumnName", "ColumnOrdinal", "ColumnSize", "NumericPrecision", "NumericScale", "BaseTableName", "BaseColumnName", "BaseSchemaName", "DataType", "DataTypeName", "IsAliased", "IsExpression"];
        Providers.Agree(
            connection =>
            {
                using DbCommand command = connection.Command("SELECT id, n AS other, u, id + 1 AS e FROM t; SELECT m, x.u FROM w AS x");
                using DbDataReader reader = command.ExecuteReader();
                List<string> rows = [];
                do
                {
                    rows.AddRange(reader.GetSchemaTable()!.Rows.Cast<DataRow>().Select(row => string.Join(",", told.Select(name => row[name]))));
                }
                while (reader.NextResult());
                return string.Join("\n", rows);
            },
            setUp);
    }

    [Fact]
    public void Keys_are_told_when_they_are_asked_for()
    {
        const string setUp = """
            CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, n NOT NULL, u UNIQUE, two, UNIQUE(n, two)); CREATE UNIQUE INDEX lower_n ON t(lower(n));
            CREATE UNIQUE INDEX some ON t(two) WHERE n > 0; CREATE TABLE k(a, b, PRIMARY KEY(a, b)) WITHOUT ROWID; INSERT INTO t VALUES(1, 1, 1, 1); INSERT INTO k VALUES(1, 1), (1, 2)
            """;
        const string sql = "SELECT id, n, u, two, a, b + 1 AS e FROM t JOIN k ON a = id";
        using SluiceConnection connection = Providers.Sluice(setUp);
        using SluiceCommand command = connection.CreateCommand(sql);
        using (SluiceDataReader reader = command.ExecuteReader(CommandBehavior.KeyInfo))
        {
            Assert.Equal(
                [
                    "id null=True key=True unique=False auto=True", "n null=False key=False unique=False auto=False", "u null=True key=False unique=True auto=False",
                    "two null=True key=False unique=False auto=False", "a null=False key=True unique=False auto=False", "e null= key= unique= auto=",
                ],
                reader.GetSchemaTable()!.Rows.Cast<DataRow>().Select(r => $"{r["ColumnName"]} null={r["AllowDBNull"]} key={r["IsKey"]} unique={r["IsUnique"]} auto={r["IsAutoIncrement"]}"));
        }

        // Without them a table takes rows of a join, in which the keys of its tables come again.
        using SluiceDataReader rows = command.ExecuteReader();
        DataTable table = new();
        table.Load(rows);
        Assert.Equal(2, table.Rows.Count);
    }

    [Theory]
    [InlineData(CommandBehavior.SingleRow, "1", "2")]
    [InlineData(CommandBehavior.SingleResult, "1,2", "2")]
    [InlineData(CommandBehavior.SingleRow | CommandBehavior.SingleResult, "1", "2")]
    [InlineData(CommandBehavior.Default, "1,2;3", "2")]
    public void A_single_row_or_result_is_all_that_is_given_and_all_statements_run(CommandBehavior behavior, string given, string inserted)
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a)");
        using SluiceCommand command = connection.CreateCommand("INSERT INTO t VALUES(1); SELECT 1 UNION ALL SELECT 2; INSERT INTO t VALUES(2); SELECT 3");
        using (SluiceDataReader reader = command.ExecuteReader(behavior))
        {
            List<string> results = [];
            do
            {
                List<long> rows = [];
                while (reader.Read())
                {
                    rows.Add(reader.GetInt64(0));
                }

                results.Add(string.Join(",", rows));
                Assert.False(reader.Read());
            }
            while (reader.NextResult());
            Assert.Equal(given, string.Join(";", results));
        }

        Assert.Equal(inserted, $"{connection.Scalar("SELECT count(*) FROM t")}");
    }

    [Fact]
    public void RETURNING_of_a_single_row_writes_all_of_them()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a)");
        using (SluiceCommand command = connection.CreateCommand("INSERT INTO t VALUES(1), (2), (3) RETURNING a"))
        using (SluiceDataReader reader = command.ExecuteReader(CommandBehavior.SingleRow))
        {
            Assert.True(reader.Read());
            Assert.False(reader.Read());
        }

        Assert.Equal(3L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Errors_of_use_say_what_to_do()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT 1 AS a, 2 AS b");
        SluiceDataReader reader = command.ExecuteReader();
        Assert.Contains("call Read", Assert.Throws<InvalidOperationException>(() => reader.GetValue(0)).Message);
        reader.Read();
        Assert.Contains("it has a, b", Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetOrdinal("c")).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetValue(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.GetName(-1));
        Assert.Contains("close it", Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar()).Message);
        Assert.Contains("close it", Assert.Throws<InvalidOperationException>(() => command.CommandText = "SELECT 2").Message);
        Assert.False(reader.Read());
        Assert.Throws<InvalidOperationException>(() => reader.GetValue(0));
        Assert.False(reader.NextResult());
        reader.Close();
        Assert.Throws<InvalidOperationException>(() => reader.Read());
        Assert.Throws<InvalidOperationException>(() => reader.FieldCount);
        Assert.Equal(1L, command.ExecuteScalar());
    }

    [Fact]
    public void Values_stay_valid_after_the_next_row()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a); INSERT INTO t VALUES('first'), ('second')");
        using SluiceCommand command = connection.CreateCommand("SELECT a FROM t");
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        SqlValue first = reader.GetSqlValue(0);
        reader.Read();
        Assert.Equal("first", first.DecodeText());
        Assert.Equal("second", reader.GetFieldValue<SqlValue>(0).DecodeText());
    }

    [Fact]
    public void CloseConnection_closes_the_connection()
    {
        using SluiceConnection connection = Providers.Sluice();
        SluiceCommand command = connection.CreateCommand("SELECT 1");
        SluiceDataReader reader = command.ExecuteReader(CommandBehavior.CloseConnection);
        reader.Dispose();
        Assert.Equal(ConnectionState.Closed, connection.State);
        connection.Open();
        Assert.Throws<SluiceException>(() => connection.CreateCommand("SELECT * FROM none").ExecuteReader(CommandBehavior.CloseConnection));
        Assert.Equal(ConnectionState.Closed, connection.State);
    }

    [Fact]
    public void A_reader_goes_on_with_what_was_there_when_it_began()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3)");
        using SluiceCommand command = connection.CreateCommand("SELECT a FROM t ORDER BY a");
        using SluiceDataReader reader = command.ExecuteReader();
        List<long> seen = [];
        while (reader.Read())
        {
            seen.Add(reader.GetInt64(0));
            connection.Run(seen.Count == 1 ? "DELETE FROM t WHERE a = 3" : "DROP TABLE IF EXISTS t");
        }

        Assert.Equal([1, 2, 3], seen);
        reader.Close();
        Assert.Equal(0L, connection.Scalar("SELECT count(*) FROM sqlite_schema"));
    }

    [Fact]
    public void A_rollback_ends_the_readers_of_its_transaction()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a); INSERT INTO t SELECT value FROM generate_series(1, 100000)");
        using SluiceTransaction transaction = connection.BeginTransaction();
        using SluiceCommand command = connection.CreateCommand("SELECT a FROM t");
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        transaction.Rollback();
        // Through an owner the rows of a batch that has come already are still given out.
        SluiceException error = Assert.Throws<SluiceException>(() =>
        {
            while (reader.Read())
            {
            }
        });
        Assert.Equal(ResultCode.Abort, error.PrimaryCode);
        reader.Close();
        Assert.Equal(100_000L, connection.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Two_readers_of_one_connection_take_turns()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3)");
        using SluiceCommand outer = connection.CreateCommand("SELECT a FROM t ORDER BY a");
        using SluiceDataReader rows = outer.ExecuteReader();
        List<long> sums = [];
        while (rows.Read())
        {
            sums.Add((long)connection.Scalar("SELECT sum(a) FROM t WHERE a <= @a", ("@a", rows.GetInt64(0)))!);
        }

        Assert.Equal([1, 3, 6], sums);
    }

    private static string Time(DateTime time) => $"{time.ToString("o", CultureInfo.InvariantCulture)} {time.Kind}";

    /// <summary>What a copy into the middle of a buffer gives, from each place of the value and from behind it.</summary>
    private static string Pieces<T>(int length, Func<long, T[], long> copy, T[] buffer)
    {
        List<string> pieces = [];
        for (int at = 0; at < 8; at += length)
        {
            Array.Clear(buffer);
            pieces.Add($"{OrErrorOf(() => copy(at, buffer))}:{string.Join(",", buffer.Select(item => Convert.ToInt32(item, CultureInfo.InvariantCulture)))}");
        }

        return string.Join(" ", pieces);

        static object? OrErrorOf(Func<long> get) => Providers.OrError(() => get());
    }

    private static string ReadAll(Stream stream)
    {
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return Convert.ToHexString(copy.ToArray());
    }

    private static string Part(DbDataReader reader)
    {
        byte[] buffer = new byte[4];
        long count = reader.GetBytes(0, 1, buffer, 1, 2);
        return $"{count} {Convert.ToHexString(buffer)}";
    }
}

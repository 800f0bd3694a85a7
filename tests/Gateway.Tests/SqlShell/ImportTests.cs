using System.Text;
using Sluice.Gateway.Cli.Sql;

namespace Sluice.Gateway.Tests.Sql;

public sealed class ImportTests : ShellRun
{
    [Fact]
    public void A_new_table_gets_the_types_that_its_fields_have()
    {
        string file = Write("plant.csv", """"
            device,value,n,code,large,mixed,"note, free",empty
            pump-1,21.5,1,007,9007199254740993,1,"two
            lines and ""quotes""",
            pump-2,22,-2,008,1,1.5,plain,
            pump-3,,3,9,2,x,"",
            """".ReplaceLineEndings("\r\n"));
        (int code, string output, string errors) = Shell($".import -v {file} plant\n.schema plant\n.mode quote\nSELECT * FROM plant;", "--create");
        Assert.Equal((0, ""), (code, errors));
        Assert.Contains("CREATE TABLE plant(device TEXT, value REAL, n INTEGER, code TEXT, large INTEGER, mixed TEXT, \"note, free\" TEXT, empty TEXT);", output);
        Assert.Contains("3 rows imported", output);
        Assert.EndsWith("""
            'pump-1',21.5,1,'007',9007199254740993,'1',replace-me,''
            'pump-2',22.0,-2,'008',1,'1.5','plain',''
            'pump-3',NULL,3,'9',2,'x','',''

            """.Replace("replace-me", "'two\r\nlines and \"quotes\"'"), output);
    }

    [Fact]
    public void Rows_that_do_not_fit_are_reported_by_line_and_counted()
    {
        Sqlite3(Database, "CREATE TABLE t(id INTEGER PRIMARY KEY, v REAL CHECK (v < 100), name TEXT NOT NULL DEFAULT 'x')");
        string file = Path.Combine(Folder, "t.csv");
        File.WriteAllBytes(file, [.. "1,1,a\n2,200,b\n\n3,3\n4,4,d,more\n1,5,again\nx,6,f\n7,7,"u8, 0xff, .. "\n8,8,\"two\nlines\"\n9,nine,i\n10,10,\"open\n"u8]);
        (int code, string output, string errors) = Shell($".import {file} t\nSELECT * FROM t;");
        Assert.Equal(1, code);
        Assert.Equal("1|1.0|a\n8|8.0|two\nlines\n", output);
        Assert.Equal(
            $"""
            {file}:2: left out: CHECK constraint failed: v < 100
            {file}:4: left out: NOT NULL constraint failed: t.name
            {file}:5: left out: 4 fields for 3 columns
            {file}:6: left out: UNIQUE constraint failed: t.id
            {file}:7: left out: datatype mismatch
            {file}:8: left out: not UTF-8 (--latin1 reads ISO 8859-1)
            {file}:11: left out: CHECK constraint failed: v < 100
            {file}:12: left out: a quote is opened and never closed
            {file}: 8 rows left out, 2 rows imported

            """,
            errors);
    }

    [Fact]
    public void Values_are_those_that_sqlite3_imports()
    {
        const string make = "CREATE TABLE t(a INTEGER, b REAL, c TEXT, d BLOB, e NUMERIC)";
        string file = Write("t.csv", "1,1,1,1,1\n1.0,x,0x10,,1e3\n 5,007,\"a\"\"b\",\"1\",12345678901234567890\n,,,,\n\"x\ny\",-0,'q',9.50,1.0\n");
        string other = Path.Combine(Folder, "other.db");
        foreach (string database in new[] { Database, other })
        {
            Sqlite3(database, make);
        }

        Assert.Equal((0, "", ""), Shell($".import --csv {file} t"));
        Sqlite3Script(other, $".import --csv {file} t\n");
        const string sql = "SELECT quote(a), quote(b), quote(c), quote(d), quote(e) FROM t";
        Assert.Equal(Sqlite3(other, sql), Sqlite3(Database, sql));
        Assert.Equal("5\n", Sqlite3(Database, "SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData("", "name,id\nx,1\ny,2\n", "1|x,2|y")]
    [InlineData("--header", "NAME\nx\ny\n", "1|x,2|y")]
    [InlineData("--no-header", "id,name\n", "id|name")]
    [InlineData("--skip 2", "# a comment\nid;name\n1,x\n2,y\n", "1|x,2|y")]
    [InlineData("--null \"\"", "1,\n2,\"\"\n", "1|-,2|")]
    [InlineData("--tabs", "1\tx,y\n", "1|x,y")]
    [InlineData("--ascii", "1\u001fa\nb\u001e2\u001f\"c\u001e", "1|a b,2|\"c")]
    [InlineData("", "\uFEFF1,x\n", "1|x")]
    public void Options_say_how_the_file_is_read(string options, string content, string expected)
    {
        Sqlite3(Database, options.Contains("no-header") ? "CREATE TABLE t(id, name)" : "CREATE TABLE t(id INTEGER PRIMARY KEY, name)");
        string file = Write("t.csv", content);
        (int code, string output, string errors) = Shell($".import {options} {file} t\n.nullvalue -\nSELECT id, replace(name, char(10), ' ') FROM t;");
        Assert.Equal((0, ""), (code, errors));
        Assert.Equal(expected, output.TrimEnd('\n').Replace('\n', ','));
    }

    /// <summary>No column is named by what stands for bytes that are no character.</summary>
    [Fact]
    public void A_header_that_cannot_be_read_makes_no_table()
    {
        string latin1 = Path.Combine(Folder, "latin1.csv");
        string utf16 = Path.Combine(Folder, "utf16.csv");
        File.WriteAllBytes(latin1, Encoding.Latin1.GetBytes("gr\u00f6\u00dfe,b\n1,2\n"));
        File.WriteAllText(utf16, "a,b\n1,2\n", Encoding.Unicode);
        string open = Write("open.csv", "a,\"b\n1,2\n");

        (int code, string output, string errors) = Shell($".import {latin1} t\n.import {utf16} t\n.import {open} t\n.tables\n.import --latin1 {latin1} t\nSELECT name FROM pragma_table_info('t');", "--create");

        Assert.Equal((1, "gr\u00f6\u00dfe\nb\n"), (code, output));
        Assert.Equal(
            $"Error in line 1: no table was made of {latin1}: in its header, line 1: not UTF-8 (--latin1 reads ISO 8859-1)\n"
            + "Error in line 2: the file is in UTF-16, which is not read; iconv -f utf-16 -t utf-8 converts it\n"
            + $"Error in line 3: no table was made of {open}: in its header, line 1: a quote is opened and never closed\n",
            errors);
    }

    [Fact]
    public void Latin1_and_the_output_of_programs_are_read()
    {
        string file = Path.Combine(Folder, "t.csv");
        File.WriteAllBytes(file, [.. "name\ncaf"u8, 0xe9, (byte)'\n']);
        Assert.Equal((0, "café\n", ""), Shell($".import --csv --latin1 {file} t\nSELECT * FROM t;", "--create"));
        Assert.Equal((0, "2|b\n", ""), Shell(".import --csv --skip 1 \"|printf 'id,x\\n1,a\\n2,b\\n'\" u\n.separator |\nSELECT * FROM u;"));
    }

    [Fact]
    public void A_failure_names_the_line_and_what_is_there()
    {
        StringBuilder content = new();
        for (int i = 0; i < 25_000; i++)
        {
            content.Append(i).Append('\n');
        }

        Sqlite3(Database, "CREATE TABLE t(a); CREATE TRIGGER stop BEFORE INSERT ON t WHEN new.a = '21000' BEGIN SELECT json(new.a || '{'); END;");
        string file = Write("t.csv", content.ToString());
        (int code, _, string errors) = Shell($".import {file} t");
        Assert.Equal(1, code);
        Assert.Equal($"Error in line 1: the import of {file} ended in line 21001: malformed JSON; the 20,000 rows up to line 20000 are in t, later ones are not\n", errors);
        Assert.Equal("20000\n", Sqlite3(Database, "SELECT count(*) FROM t"));
    }

    [Fact]
    public void An_open_transaction_is_the_users()
    {
        Sqlite3(Database, "CREATE TABLE t(a)");
        string file = Write("t.csv", "1\n2\n");
        Assert.Equal((0, "2\n0\n", ""), Shell($"BEGIN;\n.import {file} t\nSELECT count(*) FROM t;\nROLLBACK;\nSELECT count(*) FROM t;"));
    }

    [Theory]
    [InlineData("1,2,300", "INTEGER")]
    [InlineData("-1,0,", "INTEGER")]
    [InlineData("123456789012345678", "INTEGER")]
    [InlineData("1234567890123456789", "TEXT")]
    [InlineData("1,2.5", "REAL")]
    [InlineData("1e5,-0.25E-3", "REAL")]
    [InlineData("1e500", "TEXT")]
    [InlineData("0.1234567890123456", "TEXT")]
    [InlineData("1234567890123456,0.5", "TEXT")]
    [InlineData("01", "TEXT")]
    [InlineData("+1", "TEXT")]
    [InlineData("-0", "TEXT")]
    [InlineData(" 1", "TEXT")]
    [InlineData("1.", "TEXT")]
    [InlineData("0x10", "TEXT")]
    [InlineData(",", "TEXT")]
    public void A_column_is_a_number_only_if_no_field_loses_by_it(string fields, string expected)
    {
        ColumnType type = new();
        foreach (string field in fields.Split(','))
        {
            type.Add(field);
        }

        Assert.Equal(expected, type.Name);
    }

    [Theory]
    [InlineData("a,b\n", "1:a|b")]
    [InlineData("a,b", "1:a|b")]
    [InlineData("a,\r\n,b\r\n", "1:a| 2:|b")]
    [InlineData("\"a,\"\"b\"\"\n\",c\nd,e\n", "1:a,\"b\"\n|c 3:d|e")]
    [InlineData("a\"b,\"c\"d\n", "1:a\"b|cd")]
    [InlineData("\n\na\n", "3:a")]
    [InlineData("", "")]
    public void Cuts_records_into_fields(string content, string expected)
    {
        CsvReader reader = new(new MemoryStream(Encoding.UTF8.GetBytes(content)), (byte)',', (byte)'\n', Encoding.UTF8);
        List<string> records = [];
        while (reader.Read(keepEmpty: false))
        {
            records.Add($"{reader.Line}:{string.Join('|', reader.Fields.Select(field => field.Text))}");
        }

        Assert.Equal(expected, string.Join(' ', records));
    }
}

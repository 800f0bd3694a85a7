using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>
/// Runs the statements of each script, one after the other, on the provider and on Microsoft.Data.Sqlite and compares what
/// comes back: columns, values with their types, counts of changed rows, and errors with their codes and words.
/// </summary>
public class ScriptTests
{
    private const int MostDifferences = 30;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Data", "Scripts");

    [Theory]
    [InlineData("functions")]
    [InlineData("transactions")]
    [InlineData("types")]
    [InlineData("triggers")]
    [InlineData("foreignkeys")]
    [InlineData("generated")]
    [InlineData("indexes")]
    [InlineData("windows")]
    [InlineData("withoutrowid")]
    [InlineData("json")]
    [InlineData("alter")]
    [InlineData("select")]
    [InlineData("ddl")]
    [InlineData("temp")]
    [InlineData("attach")]
    [InlineData("found")]
    public void Each_statement_gives_what_SQLite_gives(string script) => Compare(script);

    internal static void Compare(string script)
    {
        using SluiceConnection ours = Providers.Sluice();
        using SqliteConnection theirs = Providers.Sqlite();
        StringBuilder differences = new();
        int count = 0;
        int different = 0;
        foreach (string statement in Statements(Path.Combine(Folder, script + ".sql")))
        {
            count++;
            string expected = Outcome(theirs, statement);
            string actual = Outcome(ours, statement);
            if (expected != actual && ++different <= MostDifferences)
            {
                differences.Append($"\n{statement}\n  SQLite: {expected}\n  Sluice: {actual}\n");
            }
        }

        Assert.True(different == 0, $"{different} of {count} statements differ:{differences}");
    }

    /// <summary>A statement ends with a semicolon at the end of a line.</summary>
    private static IEnumerable<string> Statements(string path)
    {
        StringBuilder statement = new();
        foreach (string line in File.ReadLines(path))
        {
            if (statement.Length == 0 && (line.Length == 0 || line.StartsWith("--")))
            {
                continue;
            }

            statement.Append(statement.Length == 0 ? "" : "\n").Append(line);
            if (line.EndsWith(';'))
            {
                yield return statement.ToString();
                statement.Clear();
            }
        }
    }

    /// <summary>Other statements repeat the count of the one before in SQLite, or have none.</summary>
    private static bool IsChange(string sql) =>
        sql.Split(' ')[0] is "INSERT" or "REPLACE" or "UPDATE" or "DELETE" || (sql.StartsWith("WITH ") && !sql.Contains(") SELECT"));

    /// <summary>SQLite shows an ALTER TABLE with the column of the statement by which it checks the rows there are, and no row of it.</summary>
    private static bool HasColumns(string sql) => !sql.StartsWith("ALTER ");

    private static string Outcome(DbConnection connection, string sql)
    {
        try
        {
            using DbCommand command = connection.Command(sql);
            using DbDataReader reader = command.ExecuteReader();
            StringBuilder text = new();
            text.Append(string.Join(", ", Enumerable.Range(0, HasColumns(sql) ? reader.FieldCount : 0).Select(reader.GetName)));
            while (reader.Read())
            {
                text.Append("\n    ").Append(string.Join(" | ", Enumerable.Range(0, reader.FieldCount).Select(i => Providers.Show(reader.GetValue(i)))));
            }

            if (IsChange(sql))
            {
                text.Append($" ({Math.Max(0, reader.RecordsAffected)} changed)");
            }

            return text.ToString();
        }
        catch (SluiceException error)
        {
            return $"error {(int)error.Code}: {error.Message}";
        }
        catch (SqliteException error)
        {
            string message = error.Message;
            int start = message.IndexOf('\'') + 1;
            return $"error {error.SqliteExtendedErrorCode}: {message[start..message.LastIndexOf('\'')]}";
        }
    }
}

/// <summary>
/// A script whose rows have the rowids that SQLite gives them also after rows were passed over, rolled back or deleted: so it is in memory, while a
/// file never gives a rowid twice, for those who follow a table by it.
/// </summary>
public class RowidScriptTests
{
    [Theory]
    [InlineData("dml")]
    public void Each_statement_gives_what_SQLite_gives(string script) => ScriptTests.Compare(script);
}

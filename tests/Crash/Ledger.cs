using System.Globalization;

namespace Sluice.Crash;

/// <summary>A unit of work: transaction number N of one writer. All its rows are there or none.</summary>
internal readonly record struct Work(int Writer, int Number)
{
    /// <summary>Rows that it writes; the number tells, so that whoever counts them needs nothing else.</summary>
    public int Rows => Number % 3 == 0 ? 1 + (Number % 10) : 1;
}

/// <summary>What was acknowledged, kept outside the processes that write, and the check of a file against it.</summary>
internal sealed class Ledger
{
    /// <summary>A row for each part of each work; and for each writer a row that every work of several parts changes.</summary>
    public const string Schema = "CREATE TABLE work(id INTEGER PRIMARY KEY, writer INTEGER, number INTEGER, part INTEGER, filler); CREATE INDEX work_by_writer ON work(writer, number); CREATE TABLE tally(writer INTEGER PRIMARY KEY, works INTEGER)";

    private readonly Lock _gate = new();

    // What must be there: acknowledged, or found once.
    private readonly HashSet<Work> _expected = [];

    /// <summary>Works that a process has acknowledged.</summary>
    public int Acknowledged
    {
        get
        {
            lock (_gate)
            {
                return field;
            }
        }

        private set;
    }

    public void Acknowledge(Work work)
    {
        lock (_gate)
        {
            if (!_expected.Add(work))
            {
                throw new InvalidDataException($"{work} was acknowledged twice");
            }

            Acknowledged++;
        }
    }

    /// <summary>
    /// What is wrong with the file, as <see cref="Check(string, out int)"/>; what it has found it expects from now on, for it was there to be read.
    /// </summary>
    public IReadOnlyList<string> CheckAndKeep(string database, out int found)
    {
        IReadOnlyList<string> wrong = Check(database, out HashSet<Work> there);
        lock (_gate)
        {
            _expected.UnionWith(there);
        }

        found = there.Count;
        return wrong;
    }

    /// <summary>
    /// What is wrong with the file, in words; empty when all is well: stock sqlite3 finds it intact, what was acknowledged is there once, and
    /// everything that is there is there whole.
    /// </summary>
    public IReadOnlyList<string> Check(string database, out int found)
    {
        IReadOnlyList<string> wrong = Check(database, out HashSet<Work> there);
        found = there.Count;
        return wrong;
    }

    private List<string> Check(string database, out HashSet<Work> there)
    {
        List<string> wrong = [];
        string integrity = Tool.Sqlite3(database, "PRAGMA integrity_check");
        if (integrity != "ok")
        {
            wrong.Add($"integrity_check: {integrity}");
        }

        there = [];
        string[] lines = Tool.Sqlite3(database, "SELECT writer, number, count(*), count(DISTINCT part) FROM work GROUP BY writer, number")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string line in lines)
        {
            int[] fields = [.. line.Split('|').Select(field => int.Parse(field, CultureInfo.InvariantCulture))];
            Work work = new(fields[0], fields[1]);
            _ = there.Add(work);
            if (fields[2] != work.Rows || fields[3] != work.Rows)
            {
                wrong.Add($"{work}: {fields[2]} rows, {fields[3]} different ones, of {work.Rows}");
            }
        }

        Dictionary<int, int> tallies = there.Where(work => work.Rows > 1).GroupBy(work => work.Writer).ToDictionary(group => group.Key, group => group.Count());
        string expected = string.Join('\n', tallies.OrderBy(tally => tally.Key).Select(tally => $"{tally.Key}|{tally.Value}"));
        string tallied = Tool.Sqlite3(database, "SELECT writer, works FROM tally ORDER BY writer");
        if (tallied != expected)
        {
            wrong.Add($"tally: {tallied.ReplaceLineEndings(" ")} instead of {expected.ReplaceLineEndings(" ")}");
        }

        lock (_gate)
        {
            wrong.AddRange(_expected.Except(there).Select(work => $"{work}: acknowledged and not there"));
        }

        return wrong;
    }
}

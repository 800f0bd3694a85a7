using System.CommandLine;
using System.Diagnostics;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Crash;

/// <summary>
/// A small disk (a tmpfs) fills under a database: while it commits, and while it checkpoints. The error names the file and the cause, nothing
/// acknowledged is lost, and all works again once there is room.
/// </summary>
internal static class FullDisk
{
    /// <summary>The exit code of a test that cannot run here, as automake has it.</summary>
    public const int Skipped = 77;

    private const int DiskBytes = 8 << 20;
    private const int RoomForCommits = 400 << 10;
    private const int RowsBeforeCheckpoint = 4000;

    /// <summary>Of a writer: far from filling the disk again.</summary>
    private const int WorksWithRoom = 50;

    /// <summary>The ballast, the database, its journal, and the segments of so small a log.</summary>
    private const int MostFilesLeft = 6;

    private const string Cause = "No space left on device";

    public static Command CreateCommand()
    {
        Command command = new("fulldisk", "Fills a small disk under a database that commits, and under one that checkpoints. Needs root.");
        command.SetAction(_ => RunAsync());
        return command;
    }

    private static async Task<int> RunAsync()
    {
        if (Environment.UserName != "root")
        {
            Console.WriteLine("skipped: mounting a small disk needs root");
            return Skipped;
        }

        List<string> wrong = [];
        await OnDiskAsync(async disk => wrong.AddRange(await CommitAsync(disk, "commit", worksPerCheckpoint: 0)));
        await OnDiskAsync(async disk => wrong.AddRange(await CommitAsync(disk, "commit and checkpoint", worksPerCheckpoint: 15)));
        await OnDiskAsync(disk =>
        {
            wrong.AddRange(Checkpoint(disk));
            return Task.CompletedTask;
        });
        return TakeOver.Verdict(wrong, "a full disk during commits and during a checkpoint: errors that name file and cause, nothing acknowledged lost, works again with room");
    }

    private static async Task OnDiskAsync(Func<string, Task> use)
    {
        using Folder folder = new();
        try
        {
            _ = Tool.Run("mount", "-t", "tmpfs", "-o", $"size={DiskBytes},mode=700", "tmpfs", folder.Path);
        }
        catch (InvalidOperationException error)
        {
            Console.WriteLine($"skipped: a small disk cannot be mounted: {error.Message}");
            Environment.Exit(Skipped);
        }

        try
        {
            await use(folder.Path);
        }
        finally
        {
            _ = Tool.Run("umount", folder.Path);
        }
    }

    /// <summary>A process writes until there is no room; after it another one does, with room.</summary>
    private static async Task<IReadOnlyList<string>> CommitAsync(string disk, string what, int worksPerCheckpoint)
    {
        string database = Path.Combine(disk, "full.db");
        Ledger ledger = new();
        List<string> wrong = [];
        TakeOver.Create(database);
        string ballast = Fill(disk, RoomForCommits);
        using (WorkerProcess first = new(WorkerProcess.StartInfo(database, 1, 4, worksPerCheckpoint), ledger))
        {
            string error = await first.FailedAsync(TimeSpan.FromSeconds(60));
            string line = error.Split('\n').FirstOrDefault(line => line.Contains(Cause, StringComparison.Ordinal)) ?? error;
            Console.WriteLine($"{what} on a full disk: {ledger.Acknowledged} acknowledged, then: {line.Trim()}");
            if (!line.Contains(database, StringComparison.Ordinal) || !line.Contains(Cause, StringComparison.Ordinal))
            {
                wrong.Add($"the error does not name file and cause: {error}");
            }
        }

        string left = Files(disk);
        Console.WriteLine($"  left on the disk: {left}");
        if (left.Split(", ").Length > MostFilesLeft)
        {
            wrong.Add($"half-made files were left on the full disk: {left}");
        }

        Console.WriteLine($"  opened while it is full: {Open(database)}");
        File.Delete(ballast);
        Console.WriteLine($"  opened with room: {Open(database)}");
        wrong.AddRange(ledger.CheckAndKeep(database, out int found).Select(line => $"after a full disk during {what}: {line}"));
        int before = ledger.Acknowledged;
        using (WorkerProcess second = new(WorkerProcess.StartInfo(database, 5, 4, works: WorksWithRoom), ledger))
        {
            await second.DoneAsync(TimeSpan.FromSeconds(60));
        }

        Console.WriteLine($"  with room again: {found} found, {ledger.Acknowledged - before} more acknowledged; left on the disk: {Files(disk)}");
        wrong.AddRange(ledger.Check(database, out _).Select(line => $"with room after a full disk during {what}: {line}"));
        if (Files(disk) != "full.db")
        {
            wrong.Add($"left over on the disk: {Files(disk)}");
        }

        return wrong;
    }

    /// <summary>A checkpoint finds no room for the pages that the log still holds; the same process goes on, then with room.</summary>
    private static List<string> Checkpoint(string disk)
    {
        string database = Path.Combine(disk, "full.db");
        List<string> wrong = [];
        using (SluiceConnection connection = new(new SluiceConnectionStringBuilder { DataSource = database }.ConnectionString))
        {
            connection.Open();
            Run(connection, "CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
            for (int i = 0; i < RowsBeforeCheckpoint; i += 100)
            {
                Run(connection, $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO t(v) SELECT printf('%0200d', i) FROM n");
            }

            string ballast = Fill(disk, 16 << 10);
            string error = Error(() => Run(connection, "PRAGMA wal_checkpoint"));
            Console.WriteLine($"checkpoint on a full disk: {error}");
            if (!error.Contains(database, StringComparison.Ordinal) || !error.Contains(Cause, StringComparison.Ordinal))
            {
                wrong.Add($"the error does not name file and cause: {error}");
            }

            Console.WriteLine($"  rows read meanwhile: {Scalar(connection, "SELECT count(*) FROM t")}; a write meanwhile: {Error(() => Run(connection, "INSERT INTO t(v) VALUES('meanwhile')"))}");
            File.Delete(ballast);
            string write = Error(() => Run(connection, "INSERT INTO t(v) VALUES('after')"));
            string checkpoint = Error(() => Run(connection, "PRAGMA wal_checkpoint"));
            Console.WriteLine($"  with room, without opening anew: a write: {write}; a checkpoint: {checkpoint}");
        }

        Console.WriteLine($"  with room, opened anew: {Open(database)}");
        long found = long.Parse(Tool.Sqlite3(database, "SELECT count(*) FROM t WHERE length(v) = 200"), System.Globalization.CultureInfo.InvariantCulture);
        string integrity = Tool.Sqlite3(database, "PRAGMA integrity_check");
        Console.WriteLine($"  {found} of {RowsBeforeCheckpoint} acknowledged rows, integrity_check {integrity}; left on the disk: {Files(disk)}");
        if (found != RowsBeforeCheckpoint || integrity != "ok" || Files(disk) != "full.db")
        {
            wrong.Add($"after a full disk during a checkpoint: {found} rows, integrity_check {integrity}, files {Files(disk)}");
        }

        return wrong;
    }

    /// <summary>Fills the disk but for so many bytes; the path of the file that does.</summary>
    private static string Fill(string disk, long left)
    {
        string path = Path.Combine(disk, "ballast");
        long free = new DriveInfo(disk).AvailableFreeSpace;
        using FileStream file = File.Create(path);
        byte[] block = new byte[4096];
        for (long done = 0; done + block.Length <= free - left; done += block.Length)
        {
            file.Write(block);
        }

        return path;
    }

    private static string Files(string disk) => string.Join(", ", Directory.EnumerateFiles(disk).Select(path => Path.GetFileName(path)).Order());

    /// <summary>Opens and closes the database in order; "ok" or the error.</summary>
    private static string Open(string database) => Error(() =>
    {
        using SluiceConnection connection = new(new SluiceConnectionStringBuilder { DataSource = database, Mode = SluiceOpenMode.ReadWrite }.ConnectionString);
        connection.Open();
    });

    private static string Error(Action action)
    {
        try
        {
            action();
            return "ok";
        }
        catch (SluiceException error)
        {
            return $"{error.Code}: {error.Message}";
        }
    }

    private static void Run(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        _ = command.ExecuteNonQuery();
    }

    private static object? Scalar(SluiceConnection connection, string sql)
    {
        using SluiceCommand command = connection.CreateCommand(sql);
        return command.ExecuteScalar();
    }
}

using System.CommandLine;
using System.Runtime.InteropServices;
using Sluice.Engine;
using Sluice.Engine.Data;

namespace Sluice.Crash;

/// <summary>
/// A process that writes: some writers, each with a connection, until standard input ends or one of them is done. Says on standard output, a line each: <c>own</c> when it
/// has become the owner of the file, <c>ack WRITER NUMBER</c> when that transaction is durable, <c>retry</c>, and <c>unknown</c> for a commit
/// whose answer was lost; it then looks whether it is there.
/// </summary>
internal sealed class Worker
{
    private const int FillerBytes = 60;

    private readonly string _connectionString;
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Lock _outputGate = new();
    private readonly CancellationTokenSource _stopping = new();
    private int _owns;

    /// <summary>Works of a writer from one checkpoint to the next; 0 for none but the engine's own.</summary>
    private readonly int _worksPerCheckpoint;

    /// <summary>Works after which a writer is done; 0 for never.</summary>
    private readonly int _works;

    private Worker(string database, int worksPerCheckpoint, int works)
    {
        _worksPerCheckpoint = worksPerCheckpoint;
        _works = works;
        _connectionString = new SluiceConnectionStringBuilder { DataSource = database, Mode = SluiceOpenMode.ReadWrite }.ConnectionString;
    }

    public static Command CreateCommand()
    {
        Argument<string> file = new("FILE");
        Argument<int> first = new("FIRST") { Description = "The number of the first writer" };
        Argument<int> count = new("COUNT") { Description = "How many writers" };
        Argument<int> checkpoints = new("CHECKPOINTS") { Description = "Transactions of a writer from one checkpoint to the next, 0 for none" };
        Argument<int> works = new("WORKS") { Description = "Transactions after which a writer is done, 0 for never" };
        Command command = new("worker", "Writes into a database until standard input ends, or a writer is done.") { file, first, count, checkpoints, works };
        command.SetAction(result =>
        {
            if (Environment.GetEnvironmentVariable(PowerCut.TraceVariable) is not null)
            {
                // .NET looks the calls of libc up in libc itself; in the program as a whole, what is preloaded comes first.
                NativeLibrary.SetDllImportResolver(
                    typeof(SluiceConnection).Assembly, static (name, _, _) => name == "libc" ? NativeLibrary.GetMainProgramHandle() : 0);
            }

            Worker worker = new(result.GetRequiredValue(file), result.GetRequiredValue(checkpoints), result.GetRequiredValue(works));
            return worker.RunAsync(result.GetRequiredValue(first), result.GetRequiredValue(count));
        });
        return command;
    }

    private async Task<int> RunAsync(int first, int count)
    {
        // A thread each: a writer may wait for the lock of another.
        Task[] writers = [.. Enumerable.Range(first, count).Select(writer => Task.Factory.StartNew(
            () => Write(writer), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        // The console's asynchronous reads are not.
        Task<string> input = Task.Run(Console.In.ReadToEnd);
        _ = await Task.WhenAny([input, .. writers]);
        await _stopping.CancelAsync();
        await Task.WhenAll(writers);
        return 0;
    }

    private void Write(int writer)
    {
        using SluiceConnection connection = new(_connectionString);
        connection.Open();
        for (int number = 1; !_stopping.IsCancellationRequested && (_works == 0 || number <= _works); number++)
        {
            Work work = new(writer, number);
            bool done = false;
            while (!done)
            {
                SayIfOwner(connection);
                done = Try(connection, work);
            }

            Say($"ack {writer} {number}");
            if (_worksPerCheckpoint > 0 && number % _worksPerCheckpoint == 0)
            {
                Checkpoint(connection);
            }
        }
    }

    private void Checkpoint(SluiceConnection connection)
    {
        try
        {
            using SluiceCommand checkpoint = connection.CreateCommand("PRAGMA wal_checkpoint");
            _ = checkpoint.ExecuteNonQuery();
        }
        catch (SluiceException error) when (error.IsTransient)
        {
            Say("retry");
        }
    }

    /// <summary>Does the work; false if it must be tried again.</summary>
    private bool Try(SluiceConnection connection, Work work)
    {
        try
        {
            Do(connection, work);
            return true;
        }
        catch (SluiceException error) when (error.Code == ResultCode.IoErrorOutcomeUnknown)
        {
            Say("unknown");
            return IsThere(connection, work);
        }
        catch (SluiceException error) when (error.IsTransient)
        {
            Say("retry");
            return false;
        }
    }

    private bool IsThere(SluiceConnection connection, Work work)
    {
        while (true)
        {
            try
            {
                using SluiceCommand count = connection.CreateCommand("SELECT count(*) FROM work WHERE writer = @writer AND number = @number");
                _ = count.Parameters.AddWithValue("@writer", work.Writer);
                _ = count.Parameters.AddWithValue("@number", work.Number);
                return (long)count.ExecuteScalar()! > 0;
            }
            catch (SluiceException error) when (error.IsTransient)
            {
                Say("retry");
            }
        }
    }

    /// <summary>Each writer writes in a way of its own, so that all of them meet the end of the owner.</summary>
    private static void Do(SluiceConnection connection, Work work)
    {
        if (work.Rows == 1)
        {
            Insert(connection, work, 0);
            return;
        }

        using SluiceTransaction transaction = connection.BeginTransaction(
            work.Number % 2 == 0 ? SluiceTransactionMode.Immediate : SluiceTransactionMode.Concurrent);
        if (work.Writer % 2 == 0)
        {
            using SluiceAppender appender = connection.CreateAppender("work", "writer", "number", "part", "filler");
            for (int part = 0; part < work.Rows; part++)
            {
                _ = appender.Add(work.Writer).Add(work.Number).Add(part).Add(Filler(work)).EndRow();
            }
        }
        else
        {
            for (int part = 0; part < work.Rows; part++)
            {
                Insert(connection, work, part);
            }
        }

        using (SluiceCommand tally = connection.CreateCommand("INSERT INTO tally VALUES(@writer, 1) ON CONFLICT(writer) DO UPDATE SET works = tally.works + 1"))
        {
            _ = tally.Parameters.AddWithValue("@writer", work.Writer);
            _ = tally.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static void Insert(SluiceConnection connection, Work work, int part)
    {
        using SluiceCommand insert = connection.CreateCommand("INSERT INTO work(writer, number, part, filler) VALUES(@writer, @number, @part, @filler)");
        _ = insert.Parameters.AddWithValue("@writer", work.Writer);
        _ = insert.Parameters.AddWithValue("@number", work.Number);
        _ = insert.Parameters.AddWithValue("@part", part);
        _ = insert.Parameters.AddWithValue("@filler", Filler(work));
        _ = insert.ExecuteNonQuery();
    }

    private static string Filler(Work work) => new((char)('a' + (work.Number % 26)), FillerBytes);

    private void SayIfOwner(SluiceConnection connection)
    {
        if (connection.OwnerProcessId is null && Interlocked.Exchange(ref _owns, 1) == 0)
        {
            Say("own");
        }
    }

    /// <summary>One write a line: a pipe keeps it whole, and what was written before the process is killed is there.</summary>
    private void Say(string line)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(line + "\n");
        lock (_outputGate)
        {
            _output.Write(bytes);
            _output.Flush();
        }
    }
}

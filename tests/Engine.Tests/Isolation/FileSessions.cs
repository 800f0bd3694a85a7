using Sluice.Engine.Data;
using Sluice.Engine.Tests.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>Connections on one file of a test's own.</summary>
public abstract class FileSessions : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<SluiceConnection> _open = [];

    public void Dispose()
    {
        foreach (SluiceConnection connection in _open)
        {
            connection.Dispose();
        }

        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A connection that the test need not close.</summary>
    protected SluiceConnection Open(string? sql = null, int busyTimeoutMs = 0)
    {
        SluiceConnection connection = new(
            new SluiceConnectionStringBuilder { DataSource = _folder.File("t.db"), BusyTimeoutMs = busyTimeoutMs }.ConnectionString);
        connection.Open();
        lock (_open)
        {
            _open.Add(connection);
        }

        if (sql is not null)
        {
            connection.Run(sql);
        }

        return connection;
    }

    /// <summary>Runs one piece of work a thread, all at once, and passes on what fails.</summary>
    protected static void InThreads(int count, Action<int> work)
    {
        List<Exception> failures = [];
        using Barrier start = new(count);
        Thread[] threads = [.. Enumerable.Range(0, count).Select(number => new Thread(() =>
        {
            try
            {
                start.SignalAndWait();
                work(number);
            }
            catch (Exception failure)
            {
                lock (failures)
                {
                    failures.Add(failure);
                }
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }

    protected static SluiceException Refused(Action action) => Assert.Throws<SluiceException>(action);
}

using System.Diagnostics;
using System.Globalization;

namespace Sluice.Crash;

/// <summary>A <see cref="Worker"/> as a process of its own; what it acknowledges goes into the ledger.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Ledger _ledger;
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private long _lastAckAt = Stopwatch.GetTimestamp();

    /// <param name="start">How to start it, up to the worker's arguments.</param>
    /// <param name="ledger">Where its acknowledgements go.</param>
    public WorkerProcess(ProcessStartInfo start, Ledger ledger)
    {
        _ledger = ledger;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start) ?? throw new InvalidOperationException("cannot start a worker");
        _reading = ReadAsync();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <summary>Whether it said that it owns the file.</summary>
    public bool Owns { get; private set; }

    public int Acknowledged { get; private set; }

    public int Retries { get; private set; }

    public int Unknown { get; private set; }

    /// <summary>The longest time without an acknowledgement since the first one.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <param name="database">The file.</param>
    /// <param name="firstWriter">The number of its first writer.</param>
    /// <param name="writers">How many.</param>
    /// <param name="worksPerCheckpoint">Often by default, so that whatever happens happens within a checkpoint too.</param>
    /// <param name="works">After so many a writer is done, and with it the worker; 0 for never.</param>
    public static ProcessStartInfo StartInfo(string database, int firstWriter, int writers, int worksPerCheckpoint = 15, int works = 0)
    {
        // The program beside its assembly, however this process was started.
        ProcessStartInfo start = new(Path.ChangeExtension(typeof(WorkerProcess).Assembly.Location, null)) { ArgumentList = { "worker", database } };
        foreach (int number in (int[])[firstWriter, writers, worksPerCheckpoint, works])
        {
            start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
        }

        return start;
    }

    /// <summary>kill -9; returns when all that it had said has been read.</summary>
    public async Task KillAsync()
    {
        Tool.Kill(_process);
        await _process.WaitForExitAsync();
        await _reading;
    }

    /// <summary>Waits until it has killed itself; another end is an error.</summary>
    public async Task EndedAsync(TimeSpan patience)
    {
        int code = await ExitAsync(patience);
        if (code != 128 + Tool.SigKill)
        {
            throw new InvalidDataException($"worker {Id} ended with {code}: {await _errors}");
        }
    }

    /// <summary>Waits until it is done; an error of it is an exception.</summary>
    public async Task DoneAsync(TimeSpan patience)
    {
        if (await ExitAsync(patience) is not 0 and int code)
        {
            throw new InvalidDataException($"worker {Id} ended with {code}: {await _errors}");
        }
    }

    /// <summary>Waits until an error ends it; what it says of it.</summary>
    public async Task<string> FailedAsync(TimeSpan patience)
    {
        _ = await ExitAsync(patience);
        return await _errors;
    }

    /// <summary>Lets it end by itself; an error of it is an exception.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        if (_process.ExitCode != 0)
        {
            throw new InvalidDataException($"worker {Id} ended with {_process.ExitCode}: {await _errors}");
        }
    }

    /// <summary>Throws if it has ended by itself.</summary>
    public async Task RequireAliveAsync()
    {
        if (_process.HasExited)
        {
            throw new InvalidDataException($"worker {Id} ended with {_process.ExitCode}: {await _errors}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Tool.Kill(_process);
        }

        _process.Dispose();
    }

    private async Task<int> ExitAsync(TimeSpan patience)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            throw new InvalidDataException($"worker {Id} has not ended within {patience.TotalSeconds} s");
        }

        await _reading;
        return _process.ExitCode;
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["ack", string writer, string number]:
                    _ledger.Acknowledge(new Work(int.Parse(writer, CultureInfo.InvariantCulture), int.Parse(number, CultureInfo.InvariantCulture)));
                    long now = Stopwatch.GetTimestamp();
                    TimeSpan gap = Stopwatch.GetElapsedTime(_lastAckAt, now);
                    LongestGap = Acknowledged > 0 && gap > LongestGap ? gap : LongestGap;
                    _lastAckAt = now;
                    Acknowledged++;
                    break;
                case ["own"]:
                    Owns = true;
                    break;
                case ["retry"]:
                    Retries++;
                    break;
                case ["unknown"]:
                    Unknown++;
                    break;
                default:
                    throw new InvalidDataException($"worker {Id} said '{line}'");
            }
        }
    }
}

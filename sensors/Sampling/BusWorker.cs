using System.Collections.Concurrent;

namespace Sluice.Sensors.Sampling;

/// <summary>
/// Runs what is to be done on one bus, one thing after the other. Each bus has its own, so a bus that hangs holds up only
/// itself; sensors have none.
/// </summary>
public abstract class BusWorker : IDisposable
{
    /// <summary>Has a turn of a sensor, or a part of it, run soon. A sensor is posted again only after it ran, which bounds the queue.</summary>
    public abstract void Post(SampledSensor sensor);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A worker with a thread of its own, for calls into the kernel that block.</summary>
    public static BusWorker Threaded(string bus) => new ThreadWorker(bus);

    /// <summary>A worker that runs everything at once in the caller's thread: for tests in which time is run.</summary>
    public static BusWorker Inline() => new InlineWorker();

    protected virtual void Dispose(bool disposing)
    {
    }

    private sealed class ThreadWorker : BusWorker
    {
        private readonly BlockingCollection<SampledSensor> _waiting = [];

        public ThreadWorker(string bus)
        {
            // In the background: a call that the kernel never returns from must not keep the process.
            Thread thread = new(Run) { IsBackground = true, Name = bus };
            thread.Start();
        }

        public override void Post(SampledSensor sensor)
        {
            try
            {
                _waiting.Add(sensor);
            }
            catch (InvalidOperationException)
            {
                // Disposed: nobody asks any more.
            }
        }

        protected override void Dispose(bool disposing) => _waiting.CompleteAdding();

        private void Run()
        {
            foreach (SampledSensor sensor in _waiting.GetConsumingEnumerable())
            {
                sensor.Run();
            }
        }
    }

    private sealed class InlineWorker : BusWorker
    {
        public override void Post(SampledSensor sensor) => sensor.Run();
    }
}

using Sluice.Engine.Data;

namespace Sluice.Benchmarks.Engine;

/// <summary>
/// Looks every 20 ms at the memory of this process and keeps what it was made of when it was largest. The collector's figures are those of its last collection, but for
/// what is on its heap.
/// </summary>
internal sealed class MemoryWatch : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

    private readonly SluiceConnection? _connection;
    private readonly Shares _begin;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private Shares _largest;

    private MemoryWatch(SluiceConnection? connection)
    {
        _connection = connection;
        _begin = _largest = Shares.Now(connection);
        _thread = new Thread(Watch);
        _thread.Start();
    }

    /// <param name="Resident">Bytes of the process in memory.</param>
    /// <param name="Heap">Objects on the collector's heap, dead ones among them.</param>
    /// <param name="Committed">What the collector has of the system.</param>
    /// <param name="Fragmented">Free space between objects.</param>
    /// <param name="Old">Objects that have outlived two collections, and large ones.</param>
    /// <param name="Counted">What PRAGMA memory_limit counts.</param>
    /// <param name="Versions">The versions of it.</param>
    /// <param name="Cache">The page cache.</param>
    private readonly record struct Shares(
        long Resident, long Heap, long Committed, long Fragmented, long Old, long Counted, long Versions, long Cache)
    {
        public static Shares Now(SluiceConnection? connection)
        {
            GCMemoryInfo collector = GC.GetGCMemoryInfo(GCKind.Any);
            var engine = connection?.Statistics;
            ReadOnlySpan<GCGenerationInfo> generations = collector.GenerationInfo;
            return new Shares(
                ProcessMemory.Resident(),
                GC.GetTotalMemory(forceFullCollection: false),
                collector.TotalCommittedBytes,
                collector.FragmentedBytes,
                generations[2].SizeAfterBytes + generations[3].SizeAfterBytes,
                engine?.MemoryBytes ?? 0,
                engine?.DeltaBytes ?? 0,
                engine?.CacheBytes ?? 0);
        }
    }

    public static MemoryWatch Over(System.Data.Common.DbConnection connection) => new(connection as SluiceConnection);

    /// <summary>Ends the watch and prints what it saw.</summary>
    public void Print()
    {
        Dispose();
        Figures.Print("grown_bytes", _largest.Resident - _begin.Resident);
        Figures.Print("heap_bytes", _largest.Heap);
        Figures.Print("committed_bytes", _largest.Committed);
        Figures.Print("fragmented_bytes", _largest.Fragmented);
        Figures.Print("old_bytes", _largest.Old);
        Figures.Print("other_bytes", _largest.Resident - _largest.Committed);
        Figures.Print("counted_bytes", _largest.Counted);
        Figures.Print("versions_bytes", _largest.Versions);
        Figures.Print("cache_bytes", _largest.Cache);
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            Figures.Print($"collections{generation}", GC.CollectionCount(generation));
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
    }

    private void Watch()
    {
        while (!_stop.Wait(s_interval))
        {
            Shares now = Shares.Now(_connection);
            _largest = now.Resident > _largest.Resident ? now : _largest;
        }
    }
}

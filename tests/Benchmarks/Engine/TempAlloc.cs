using System.Diagnostics.Tracing;
namespace Sluice.Benchmarks.Engine;
internal sealed class TempAlloc : EventListener
{
    private readonly Dictionary<string, long> _b = [];
    protected override void OnEventSourceCreated(EventSource s)
    {
        if (s.Name == "Microsoft-Windows-DotNETRuntime") EnableEvents(s, EventLevel.Verbose, (EventKeywords)1);
    }
    protected override void OnEventWritten(EventWrittenEventArgs e)
    {
        if (e.EventName?.StartsWith("GCAllocationTick", StringComparison.Ordinal) == true)
        {
            string t = (string)e.Payload![5]! + " kind" + e.Payload[1];
            lock (_b) { _b[t] = _b.GetValueOrDefault(t) + Convert.ToInt64(e.Payload[3]); }
        }
    }
    public void Print()
    {
        foreach (var p in _b.OrderByDescending(p => p.Value).Take(25)) Console.Error.WriteLine($"{p.Value / 1e6,10:0.0} MB {p.Key}");
        Console.Error.WriteLine($"gen0 {GC.CollectionCount(0)} gen1 {GC.CollectionCount(1)} gen2 {GC.CollectionCount(2)} pause {GC.GetTotalPauseDuration().TotalMilliseconds:0} ms");
        var i = GC.GetGCMemoryInfo();
        Console.Error.WriteLine($"committed {i.TotalCommittedBytes/1e6:0.0} heap {i.HeapSizeBytes/1e6:0.0} frag {i.FragmentedBytes/1e6:0.0}; " + string.Join(" ", i.GenerationInfo.ToArray().Select(g => $"{g.SizeAfterBytes/1e6:0.0}/{g.FragmentationAfterBytes/1e6:0.0}")));
    }
}

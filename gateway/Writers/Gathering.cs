namespace Sluice.Gateway.Writers;

/// <summary>
/// Lets a batch of few messages wait a moment for more, where that is worth it: a transaction costs its threads, its part of a sync and its place in the
/// log whether it brings one reading or twenty, and many clients that publish now and then come one by one. The wait ends when as many have come
/// as were in the last batch and waited behind it, for who publishes one message after the other comes back at once; and where waits do not bring
/// twice as many, most of them are left out. One writer's.
/// </summary>
/// <param name="batchSize">Messages of one transaction at most.</param>
/// <param name="patience">What it may add to an acknowledgement's time.</param>
internal sealed class Gathering(int batchSize, TimeSpan patience)
{
    /// <summary>A batch of so many is worth its transaction.</summary>
    private const int Enough = 64;

    private const int MostMisses = 7;

    private readonly int _enough = Math.Min(batchSize, Enough);
    private int _misses;
    private int _passes;

    /// <param name="queue">Where a message waits at least.</param>
    /// <param name="likely">Messages of the batch before this one, and those that waited when it was done.</param>
    public async ValueTask WaitAsync(WriterQueue queue, int likely)
    {
        int waiting = queue.Count;
        int enough = Math.Min(likely, _enough);
        if (waiting >= enough)
        {
            return;
        }

        if (_passes > 0)
        {
            _passes--;
            return;
        }

        int gathered = await queue.WaitForAsync(enough, patience);
        _misses = gathered >= enough || gathered >= 2 * waiting ? 0 : Math.Min(_misses + 1, MostMisses);
        _passes = _misses == 0 ? 0 : 1 << _misses;
    }
}

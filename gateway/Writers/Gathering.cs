namespace Sluice.Gateway.Writers;

/// <summary>
/// Lets a batch of few messages wait a moment for more, where that is worth it: a transaction costs its threads, its part of a sync and its place in the
/// log whether it brings one reading or twenty, and many clients that publish now and then come one by one. The wait ends when as many have come
/// as were let go with the last batch, for who publishes one message after the other comes back at once; and where waits do not bring
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
    /// <param name="released">Messages of the batch before this one.</param>
    public async ValueTask WaitAsync(WriterQueue queue, int released)
    {
        int waiting = queue.Count;
        if (waiting >= _enough)
        {
            return;
        }

        if (_passes > 0)
        {
            _passes--;
            return;
        }

        int gathered = await queue.WaitForAsync(Math.Min(waiting + Math.Max(released, 1), _enough), patience);
        _misses = gathered >= 2 * waiting ? 0 : Math.Min(_misses + 1, MostMisses);
        _passes = _misses == 0 ? 0 : 1 << _misses;
    }
}

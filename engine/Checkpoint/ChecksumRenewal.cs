using Sluice.Engine.Paging;
using Sluice.Engine.Transactions;

namespace Sluice.Engine.Checkpoint;

/// <summary>
/// Gives the pages of a file that another program has written right checksums again, in the background, one stretch of the file after the other.
/// When all are right, what is read is verified, and the next checkpoint says so in the header. Until then the file is as good as one without
/// checksums; a process that ends before begins anew.
/// </summary>
internal sealed class ChecksumRenewal
{
    /// <summary>How often it looks whether a checkpoint or an exclusive transaction has released the pages.</summary>
    private static readonly TimeSpan s_turnPoll = TimeSpan.FromMilliseconds(10);

    private readonly Pager _pager;
    private readonly Checkpointer _checkpointer;
    private readonly TimeProvider _clock;
    private readonly BackgroundLoop _loop;

    /// <summary>The first page that was not looked at, or 0 when nothing is left to do. Owned by the loop.</summary>
    private uint _next = 1;

    public ChecksumRenewal(Pager pager, Checkpointer checkpointer, StoreOptions options)
    {
        _pager = pager;
        _checkpointer = checkpointer;
        _clock = options.Clock;
        _loop = options.Work.Start($"sluice checksums {Path.GetFileName(pager.Path)}", Step);
        _loop.Wake();
    }

    /// <summary>Ends it, finished or not.</summary>
    public void Stop() => _loop.Stop();

    private TimeSpan? Step()
    {
        if (_next == 0)
        {
            return null;
        }

        if (!_checkpointer.TryTakePages())
        {
            return s_turnPoll;
        }

        long begin = _clock.GetTimestamp();
        try
        {
            _next = _pager.RenewChecksums(_next);
        }
        catch (SluiceException)
        {
            // A page that cannot be read or written: the file stays without valid checksums, and who needs that page hears of it.
            _next = 0;
        }
        finally
        {
            _checkpointer.ReleasePages();
        }

        // The disk is for others at least half of the time.
        return _next == 0 ? null : _clock.GetElapsedTime(begin);
    }
}

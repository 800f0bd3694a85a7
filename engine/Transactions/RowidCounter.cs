using Sluice.Engine.BTree;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Gives a table's rowids and knows the stable horizon. Invariants: 1. a rowid is given, and its transaction noted, under one lock, so
/// the horizon never passes a rowid that may still be committed. 2. Claims are in the order of their first rowids, for those only
/// grow; the first claim is the horizon. 3. A claim ends after its transaction's commit is durable (or it was rolled back). 4. No rowid
/// below a horizon that was told is given.
/// <para>SQLite gives the largest rowid that is there plus one, so that rowids of rows that were rolled back or deleted at the end come again.
/// A counter that all share cannot know that while others write; but it notes that there may be a gap, and a transaction that is the only
/// one that writes and sees everything closes it (<see cref="Lower"/>).</para>
/// </summary>
internal sealed class RowidCounter(long largest)
{
    private readonly Lock _gate = new();
    private long _largest = largest;
    private long _toldHorizon = long.MinValue;
    private bool _mayBeLower;
    private long _given;
    private RowidClaim? _first;
    private RowidClaim? _last;

    /// <summary>Starts after the largest rowid that a cursor finds.</summary>
    public static RowidCounter After(RowCursor rows) => new(rows.MoveLast() ? rows.Rowid : 0);

    /// <summary>Every rowid below it is visible to a snapshot taken from now on, or never will be.</summary>
    public long Horizon
    {
        get
        {
            lock (_gate)
            {
                long horizon = _first?.Rowid ?? (_largest == long.MaxValue ? long.MaxValue : _largest + 1);
                _toldHorizon = Math.Max(_toldHorizon, horizon);
                return horizon;
            }
        }
    }

    /// <summary>Whether the rows up to the largest rowid given may have gone again.</summary>
    public bool MayBeLower => Volatile.Read(ref _mayBeLower);

    public long Largest => Volatile.Read(ref _largest);

    public long Allocate(RowidClaims claims)
    {
        lock (_gate)
        {
            if (_largest == long.MaxValue)
            {
                throw new SluiceException(ResultCode.Full, "database or disk is full: the table has no rowid left after 9223372036854775807");
            }

            _largest++;
            _given++;
            Claim(claims, _largest);
            return _largest;
        }
    }

    /// <summary>Takes note of a rowid that the writer chose. One that is not new cannot raise the counter: it may be an update.</summary>
    public void Raise(long rowid, RowidClaims claims)
    {
        if (rowid <= Volatile.Read(ref _largest))
        {
            if (rowid < 0 && Volatile.Read(ref _largest) == 0)
            {
                // The table may have no other rows: then the next one is after this.
                Volatile.Write(ref _mayBeLower, true);
            }

            return;
        }

        lock (_gate)
        {
            if (rowid > _largest)
            {
                _largest = rowid;
                _given++;
                Claim(claims, rowid);
            }
        }
    }

    /// <summary>Takes back a rowid that was given and not used, if it was the last one given.</summary>
    public void GiveBack(long rowid)
    {
        lock (_gate)
        {
            if (rowid == _largest)
            {
                Volatile.Write(ref _largest, rowid - 1);
            }
        }
    }

    /// <summary>Notes that a row is removed.</summary>
    public void NoteRemoval(long rowid)
    {
        if (rowid >= Volatile.Read(ref _largest))
        {
            Volatile.Write(ref _mayBeLower, true);
        }
    }

    /// <summary>Whether a caller that sees everything from now on may close a gap: nobody else has claims.</summary>
    /// <param name="claims">The caller's.</param>
    /// <param name="given">For <see cref="Lower"/>.</param>
    public bool MayLower(RowidClaims claims, out long given)
    {
        lock (_gate)
        {
            given = _given;
            return _first is not { } first || (ReferenceEquals(first, _last) && claims.Has(this));
        }
    }

    /// <summary>
    /// Goes back to the largest rowid that there is, as the caller sees it, who is the only writer. Nothing happens if somebody was given a rowid
    /// since <see cref="MayLower"/>, and may even have committed it: the caller does not see that row. The caller may have removed the rows behind
    /// it and still roll back: its claim remembers where the counter was.
    /// </summary>
    public void Lower(long largestSeen, long given, RowidClaims claims)
    {
        lock (_gate)
        {
            if (_given != given)
            {
                return;
            }

            _mayBeLower = false;
            long largest = _toldHorizon == long.MinValue ? largestSeen : Math.Max(largestSeen, _toldHorizon - 1);
            if (largest >= _largest)
            {
                Volatile.Write(ref _largest, largest);
                return;
            }

            Claim(claims, largest + 1);
            RowidClaim own = _first!;
            own.Rowid = Math.Min(own.Rowid, largest + 1);
            own.LargestBefore = Math.Max(own.LargestBefore, _largest);
            Volatile.Write(ref _largest, largest);
        }
    }

    /// <summary>Some of what a claim's transaction wrote was taken back: there may be a gap, or rows that it had removed are there again.</summary>
    internal void TookBack(RowidClaim claim)
    {
        lock (_gate)
        {
            _mayBeLower = true;
            Volatile.Write(ref _largest, Math.Max(_largest, claim.LargestBefore));
        }
    }

    internal void Release(RowidClaim claim)
    {
        lock (_gate)
        {
            if (claim.Previous is null)
            {
                _first = claim.Next;
            }
            else
            {
                claim.Previous.Next = claim.Next;
            }

            if (claim.Next is null)
            {
                _last = claim.Previous;
            }
            else
            {
                claim.Next.Previous = claim.Previous;
            }
        }
    }

    private void Claim(RowidClaims claims, long rowid)
    {
        if (claims.Has(this))
        {
            return;
        }

        var claim = new RowidClaim(this, rowid) { Previous = _last };
        if (_last is null)
        {
            _first = claim;
        }
        else
        {
            _last.Next = claim;
        }

        _last = claim;
        claims.Add(claim);
    }
}

/// <summary>The first rowid of a table that a transaction may still commit. Its links belong to the counter's lock.</summary>
internal sealed class RowidClaim(RowidCounter counter, long rowid)
{
    public RowidCounter Counter { get; } = counter;

    public long Rowid { get; set; } = rowid;

    /// <summary>The counter before the transaction lowered it.</summary>
    public long LargestBefore { get; set; } = long.MinValue;

    public RowidClaim? Previous { get; set; }

    public RowidClaim? Next { get; set; }
}

/// <summary>The claims of one transaction, of which few have more than two or three.</summary>
internal sealed class RowidClaims
{
    private readonly List<RowidClaim> _claims = [];

    public bool Has(RowidCounter counter)
    {
        foreach (RowidClaim claim in _claims)
        {
            if (ReferenceEquals(claim.Counter, counter))
            {
                return true;
            }
        }

        return false;
    }

    public void Add(RowidClaim claim) => _claims.Add(claim);

    /// <summary>Some of what was written was taken back.</summary>
    public void NoteTakenBack()
    {
        foreach (RowidClaim claim in _claims)
        {
            claim.Counter.TookBack(claim);
        }
    }

    /// <summary>Lets the horizons pass.</summary>
    public void Release()
    {
        foreach (RowidClaim claim in _claims)
        {
            claim.Counter.Release(claim);
        }

        _claims.Clear();
    }
}

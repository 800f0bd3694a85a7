using Sluice.Engine.BTree;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Gives a table's rowids and knows the stable horizon. Invariants: 1. a rowid is given, and its transaction noted, under one lock, so
/// the horizon never passes a rowid that may still be committed. 2. Claims are in the order of their first rowids, for those only
/// grow; the first claim is the horizon. 3. A claim ends after its transaction's commit is durable (or it was rolled back).
/// </summary>
internal sealed class RowidCounter(long largest)
{
    private readonly Lock _gate = new();
    private long _largest = largest;
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
                return _first?.Rowid ?? (_largest == long.MaxValue ? long.MaxValue : _largest + 1);
            }
        }
    }

    public long Allocate(RowidClaims claims)
    {
        lock (_gate)
        {
            if (_largest == long.MaxValue)
            {
                throw new SluiceException(ResultCode.Full, "database or disk is full: the table has no rowid left after 9223372036854775807");
            }

            _largest++;
            Claim(claims, _largest);
            return _largest;
        }
    }

    /// <summary>Takes note of a rowid that the writer chose. One that is not new cannot raise the counter: it may be an update.</summary>
    public void Raise(long rowid, RowidClaims claims)
    {
        if (rowid <= Volatile.Read(ref _largest))
        {
            return;
        }

        lock (_gate)
        {
            if (rowid > _largest)
            {
                _largest = rowid;
                Claim(claims, rowid);
            }
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

    public long Rowid { get; } = rowid;

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

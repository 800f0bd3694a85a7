using Sluice.Engine.BTree;
using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Notes the keys that a cursor passes over, the gaps between them included, up to the limit that its reader has set. A range has
/// its near end from the seek; the far end is looked up where the cursor stands when the range is closed, so that a move costs nothing.
/// </summary>
internal sealed class RecordingKeyCursor(KeyCursor keys, KeyReads reads, ReadSet all) : KeyCursor
{
    private KeyRange? _range;
    private bool _forward;
    private bool _onEntry;
    private KeyEnd? _nextLimit;

    // In the direction of the seek; turning round gives it up.
    private KeyEnd? _limit;

    public override Payload Key => keys.Key;

    public override long Rowid => keys.Rowid;

    public override void LendKeys() => keys.LendKeys();

    public override void KeepKey() => keys.KeepKey();

    public override void Limit(ReadOnlySpan<SqlValue> last, bool inclusive) => _nextLimit = reads.EndAt(last, inclusive);

    public override bool MoveFirst()
    {
        Begin(KeyEnd.Open, forward: true);
        return _onEntry = keys.MoveFirst();
    }

    public override bool MoveLast()
    {
        Begin(KeyEnd.Open, forward: false);
        return _onEntry = keys.MoveLast();
    }

    public override bool Seek(ReadOnlySpan<SqlValue> probe, SeekMode mode)
    {
        bool inclusive = mode is SeekMode.GreaterOrEqual or SeekMode.LessOrEqual;
        Begin(reads.EndAt(probe, inclusive), forward: mode is SeekMode.GreaterOrEqual or SeekMode.Greater);
        return _onEntry = keys.Seek(probe, mode);
    }

    public override bool MoveNext()
    {
        Continue(forward: true);
        return _onEntry = keys.MoveNext();
    }

    public override bool MovePrevious()
    {
        Continue(forward: false);
        return _onEntry = keys.MovePrevious();
    }

    /// <summary>Gives the range its far end, if one is open. A cursor that moves on begins another.</summary>
    public void CloseRange()
    {
        if (_range is not { } range)
        {
            return;
        }

        KeyEnd end = FarEnd();
        if (_forward)
        {
            range.High = end;
        }
        else
        {
            range.Low = end;
        }

        _range = null;
    }

    private KeyEnd FarEnd()
    {
        if (!_onEntry)
        {
            return _limit ?? KeyEnd.Open;
        }

        if (_limit is { } limit)
        {
            int compared = reads.Compare(keys.Key, limit);
            if (_forward ? compared >= 0 : compared <= 0)
            {
                return limit;
            }
        }

        return reads.EndAt(keys.Key);
    }

    private void Begin(in KeyEnd near, bool forward)
    {
        bool wasOpen = _range is not null;
        CloseRange();
        _limit = _nextLimit;
        _nextLimit = null;
        Open(near, forward, wasOpen);
    }

    /// <summary>Before a move: begins a range where the cursor stands, if the last was closed or went the other way.</summary>
    private void Continue(bool forward)
    {
        bool isOpen = _range is not null;
        if (!_onEntry || (isOpen && forward == _forward))
        {
            return;
        }

        CloseRange();
        if (forward != _forward)
        {
            _limit = null;
        }

        Open(reads.EndAt(keys.Key), forward, isOpen);
    }

    private void Open(in KeyEnd near, bool forward, bool isListed)
    {
        _forward = forward;
        if (!isListed)
        {
            all.Opened(this);
        }

        _range = forward ? new KeyRange { Low = near } : new KeyRange { High = near };
        reads.Add(_range);
    }
}

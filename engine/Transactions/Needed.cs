namespace Sluice.Engine.Transactions;

/// <summary>
/// Which versions are still needed: those committed after <see cref="From"/>, for some epoch in use does not have them in its pages, or some
/// transaction that may yet write has to find out who wrote before it; and those in <see cref="Windows"/>, which an old transaction sees.
/// </summary>
internal sealed record Needed(long From, IReadOnlyList<(long After, long UpTo)> Windows)
{
    public bool Has(long timestamp)
    {
        if (timestamp > From)
        {
            return true;
        }

        foreach ((long after, long upTo) in Windows)
        {
            if (timestamp > after && timestamp <= upTo)
            {
                return true;
            }
        }

        return false;
    }

    public bool IsAs(Needed? other) => other is not null && From == other.From && Windows.SequenceEqual(other.Windows);
}

namespace Sluice.Engine.Transactions;

/// <summary>What a transaction is kept from seeing of others that run at the same time.</summary>
public enum Isolation
{
    /// <summary>It reads one moment; of two that write the same row or unique key, the second fails. Write skew is possible.</summary>
    Snapshot,

    /// <summary>
    /// Besides, one that has written commits only if nothing it read, absent rows included, was changed by a commit since its
    /// snapshot. So serializable transactions are as if run one after the other, in the order of their commits; those that only
    /// read stand at their snapshot, and never fail.
    /// </summary>
    Serializable,
}

namespace Sluice.Engine.Transactions;

/// <summary>What a merged cursor needs to know of its transaction.</summary>
internal interface IDeltaReader
{
    Delta Delta { get; }

    Viewpoint View { get; }

    /// <summary>Moves with each write, and each write taken back, of the transaction itself.</summary>
    long WriteStamp { get; }
}

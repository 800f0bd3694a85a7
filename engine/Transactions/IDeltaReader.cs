using Sluice.Engine.Paging;

namespace Sluice.Engine.Transactions;

/// <summary>What a merged cursor needs to know of its transaction.</summary>
internal interface IDeltaReader
{
    /// <summary>
    /// Begins a step of reading: the pages to read, which change at most once. What <see cref="View"/> sees is as new as they are, and stays until
    /// <see cref="ExitReading"/>.
    /// </summary>
    IPageSource EnterReading();

    void ExitReading();

    Delta Delta { get; }

    Viewpoint View { get; }

    /// <summary>Moves with each write, and each write taken back, of the transaction itself.</summary>
    long WriteStamp { get; }
}

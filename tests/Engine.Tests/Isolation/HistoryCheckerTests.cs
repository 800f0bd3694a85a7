using Sluice.Isolation.Histories;

namespace Sluice.Engine.Tests.Isolation;

/// <summary>The checker of histories finds what was planted in them, and nothing where there is nothing.</summary>
public sealed class HistoryCheckerTests
{
    private readonly List<HistoryTransaction> _history = [];

    [Fact]
    public void A_serial_history_is_clean()
    {
        Add(Append(1, 1), Append(2, 2));
        Add(Read(1, 1), Append(1, 3), Read(1, 1, 3));
        Add(Read(1, 1, 3), Read(2, 2));
        AssertFinds(serializable: true);
        AssertFinds(serializable: false);
    }

    [Fact]
    public void Concurrent_transactions_that_some_order_explains_are_clean()
    {
        Together(Append(1, 1), Read(2));
        Together(Append(2, 2), Read(1, 1));
        Together(Read(1, 1), Read(2));
        AssertFinds(serializable: true);
    }

    [Fact]
    public void Dirty_write()
    {
        // Key 1 says the first wrote before the second, key 2 the other way round.
        Together(Append(1, 1), Append(2, 2));
        Together(Append(1, 3), Append(2, 4));
        Together(Read(1, 1, 3));
        Together(Read(2, 4, 2));
        AssertFinds(serializable: false, "G0");
    }

    [Fact]
    public void Aborted_read()
    {
        Together(committed: false, Append(1, 1));
        Together(Read(1, 1));
        AssertFinds(serializable: false, "G1a");
    }

    [Fact]
    public void Read_of_what_a_savepoint_took_back()
    {
        _history.Add(new HistoryTransaction { Number = 1, Steps = [Append(1, 1)], TakenBack = [2], Began = 0, Ended = 100 });
        Together(Read(1, 1, 2));
        AssertFinds(serializable: false, "G1a");
    }

    [Fact]
    public void Intermediate_read()
    {
        Together(Append(1, 1), Append(1, 2));
        Together(Read(1, 1));
        Together(Read(1, 1, 2));
        AssertFinds(serializable: false, "G1b");
    }

    [Fact]
    public void Circular_information_flow()
    {
        Together(Append(1, 1), Read(2, 2));
        Together(Append(2, 2), Read(1, 1));
        AssertFinds(serializable: false, "G1c");
    }

    [Fact]
    public void Lost_update()
    {
        Together(Read(1), Append(1, 1));
        Together(Read(1), Append(1, 2));
        Together(Read(1, 2));
        AssertFinds(serializable: false, "G-single");
    }

    [Fact]
    public void Read_skew()
    {
        Together(Append(1, 1), Append(2, 2));
        Together(Read(1), Read(2, 2));
        Together(Read(1, 1));
        AssertFinds(serializable: false, "G-single");
    }

    [Fact]
    public void Long_fork()
    {
        // Two readers see two independent writes in opposite orders: no single moment explains either, under snapshot isolation.
        Together(Append(1, 1));
        Together(Append(2, 2));
        Together(Read(1, 1), Read(2));
        Together(Read(1), Read(2, 2));
        AssertFinds(serializable: false, "G-nonadjacent");
    }

    [Fact]
    public void Write_skew_is_a_fault_of_the_serializable_level_only()
    {
        Together(Read(1), Append(2, 2));
        Together(Read(2), Append(1, 1));
        Together(Read(1, 1), Read(2, 2));
        AssertFinds(serializable: false);
        AssertFinds(serializable: true, "G2-item");
        Assert.Equal(1, HistoryChecker.CountWriteSkews(_history));
    }

    [Fact]
    public void Read_only_anomaly()
    {
        // The one that only reads sees the second and not the first; the first has seen neither; the second has seen no first.
        Together(Read(1), Read(2), Append(1, 1));
        Together(Append(2, 2));
        Together(Read(1), Read(2, 2));
        Together(Read(1, 1), Read(2, 2));
        AssertFinds(serializable: false);
        AssertFinds(serializable: true, "G2-item");
    }

    [Fact]
    public void A_stale_snapshot()
    {
        Add(Append(1, 1));
        Add(Read(1));
        Add(Read(1, 1));
        AssertFinds(serializable: false, "G-single-realtime");
    }

    [Fact]
    public void An_acknowledged_append_that_nobody_ever_sees()
    {
        Add(Append(1, 1));
        Add(Append(1, 2));
        Add(Read(1, 1));
        AssertFinds(serializable: false, "G-single-realtime");
    }

    [Fact]
    public void Reads_that_contradict_each_other()
    {
        Together(Append(1, 1));
        Together(Append(1, 2));
        Together(Read(1, 1));
        Together(Read(1, 2));
        AssertFinds(serializable: false, "incompatible-order");
    }

    [Fact]
    public void A_transaction_that_does_not_see_its_own_append()
    {
        Together(Append(1, 1), Read(1));
        AssertFinds(serializable: false, "internal");
    }

    [Fact]
    public void A_read_that_is_not_repeatable()
    {
        Together(Append(1, 1));
        Together(Read(1), Read(1, 1));
        AssertFinds(serializable: false, "internal");
    }

    [Fact]
    public void Elements_twice_and_elements_from_nowhere()
    {
        Together(Append(1, 1));
        Together(Read(1, 1, 1, 9));
        Assert.Equal(["duplicate", "garbage"], HistoryChecker.Check(_history, serializable: false).Select(violation => violation.Name).Order());
    }

    [Fact]
    public void One_fault_among_many_transactions()
    {
        const int transactions = 20_000;
        int[] lists = new int[100];
        for (int i = 1; i < transactions; i++)
        {
            int key = i % lists.Length;
            Add(lists[key] == 0 ? Read(key) : Read(key, lists[key]), Append(key + (1000 * i), i));
            if (lists[key] == 0)
            {
                lists[key] = transactions + i;
                Add(Append(key, lists[key]));
            }
        }

        AssertFinds(serializable: true);
        Together(Read(5000), Append(6000, -1));
        Together(Read(6000), Append(5000, -2));
        Together(Read(5000, -2), Read(6000, -1));
        AssertFinds(serializable: true, "G2-item");
    }

    private static HistoryStep Append(int key, int element) => HistoryStep.Append(key, element);

    private static HistoryStep Read(int key, params int[] list) => HistoryStep.Read(key, list);

    /// <summary>A transaction after all before it.</summary>
    private void Add(params HistoryStep[] steps)
    {
        int number = _history.Count + 1;
        _history.Add(new HistoryTransaction { Number = number, Steps = steps, Began = number * 10, Ended = (number * 10) + 5 });
    }

    /// <summary>A transaction at the same time as all others.</summary>
    private void Together(params HistoryStep[] steps) => Together(committed: true, steps);

    private void Together(bool committed, params HistoryStep[] steps) => _history.Add(new HistoryTransaction
    {
        Number = _history.Count + 1, Steps = steps, Committed = committed, Began = 0, Ended = long.MaxValue,
    });

    private void AssertFinds(bool serializable, params string[] names) =>
        Assert.Equal(names, HistoryChecker.Check(_history, serializable).Select(violation => violation.Name).Distinct());
}

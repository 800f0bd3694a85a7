namespace Sluice.Sensors.Sampling;

/// <summary>
/// Holds back the readings of a fast sensor until something happens, and then passes on all of the window around it, in order.
/// </summary>
internal sealed class BurstCapture(BurstPlan plan)
{
    private readonly Queue<SensorReading> _before = new();
    private DateTimeOffset _until = DateTimeOffset.MinValue;
    private DateTimeOffset _kept = DateTimeOffset.MinValue;

    /// <summary>The readings of one turn; what is to be passed on now takes their place.</summary>
    public void Apply(List<SensorReading> readings)
    {
        if (readings.Count == 0)
        {
            return;
        }

        DateTimeOffset now = readings[0].Timestamp;
        if (readings.Exists(reading => reading.Metric == plan.Metric && (reading.Value > plan.Above || reading.Value < plan.Below)))
        {
            _until = now + plan.After;
        }

        while (_before.TryPeek(out SensorReading oldest) && oldest.Timestamp < now - plan.Before)
        {
            _before.Dequeue();
        }

        if (now <= _until)
        {
            readings.InsertRange(0, _before);
            _before.Clear();
            _kept = now;
        }
        else if (plan.Keep > TimeSpan.Zero && now - _kept >= plan.Keep)
        {
            _kept = now;
            _before.Clear();
        }
        else
        {
            readings.ForEach(_before.Enqueue);
            readings.Clear();
            while (_before.Count > BurstPlan.MaximumBefore)
            {
                _before.Dequeue();
            }
        }
    }
}

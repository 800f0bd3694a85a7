using Sluice.Gateway.Pipeline;
using Sluice.Sensors;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Sampling;

namespace Sluice.Gateway.Status;

/// <summary>The sensors' figures, for the page and for Prometheus.</summary>
internal static class SensorStatus
{
    /// <summary>Sensors that the page lists, those first that are not well.</summary>
    private const int MaximumListed = 200;

    public static SensorFigures Figures(SensorHost host, long dropped)
    {
        IReadOnlyList<SampledSensor> sensors = host.Sampler.Sensors;
        return new SensorFigures(
            sensors.Count,
            dropped,
            sensors.Sum(sensor => sensor.Statistics.Missed + sensor.Statistics.LeftAlone),
            sensors.Sum(sensor => sensor.Statistics.Failed),
            [.. sensors.OrderByDescending(sensor => sensor.Quality).ThenBy(sensor => sensor.Name, StringComparer.Ordinal).Take(MaximumListed).Select(sensor => State(host, sensor))],
            [.. host.Actuators.Names.Select(name => new ActuatorState(name, host.Actuators.IsOn(name)))]);
    }

    public static PrometheusText Sensors(this PrometheusText text, SensorHost host)
    {
        IReadOnlyList<SampledSensor> sensors = host.Sampler.Sensors;
        return text
            .Gauge("sluice_sensors", "Sensors that are read.", sensors.Count)
            .Counter("sluice_sensor_reads_missed_total", "Turns of sensors that did not take place.", sensors.Sum(sensor => sensor.Statistics.Missed + sensor.Statistics.LeftAlone))
            .Counter("sluice_sensor_reads_failed_total", "Turns of sensors that failed.", sensors.Sum(sensor => sensor.Statistics.Failed))
            .Labelled("sluice_sensor_quality", "0 unknown, 1 good, 2 stale, 3 fault.", "gauge", "sensor", sensors.Select(sensor => (sensor.Name, (double)sensor.Quality)))
            .Labelled("sluice_sensor_reads_total", "Turns that gave values.", "counter", "sensor", sensors.Select(sensor => (sensor.Name, (double)sensor.Statistics.Good)))
            .Labelled("sluice_sensor_lateness_seconds", "Mean time from when a turn was due to when it began.", "gauge", "sensor", sensors.Select(sensor => (sensor.Name, sensor.Statistics.MeanLateness.TotalSeconds)))
            .Labelled("sluice_sensor_lateness_maximum_seconds", "Longest time from when a turn was due to when it began.", "gauge", "sensor", sensors.Select(sensor => (sensor.Name, sensor.Statistics.MaximumLateness.TotalSeconds)))
            .Labelled(
                "sluice_sensor_faults_total", "Failed attempts to read, by sensor and reason.", "counter", "sensor", "reason",
                sensors.SelectMany(sensor => Faults(sensor).Select(fault => (sensor.Name, SensorWords.Of(fault.Reason), (double)fault.Count))))
            .Labelled("sluice_i2c_recoveries_total", "Times that a bus that hung was recovered.", "counter", "bus", host.Recoveries.Select(bus => (bus.Bus, (double)bus.Recoveries)))
            .Labelled("sluice_gpio_edges_lost_total", "Edges that were lost because they came faster than they were read.", "counter", "chip", host.LostEdges.Select(chip => (chip.Chip, (double)chip.Lost)))
            .Labelled(
                "sluice_actuator_on", "1 when an output is on, 0 when it is off; none when it cannot be set.", "gauge", "actuator",
                from name in host.Actuators.Names
                let isOn = host.Actuators.IsOn(name)
                where isOn is not null
                select (name, isOn.Value ? 1.0 : 0))
            .Labelled("sluice_actuator_settable", "1 when an output can be set.", "gauge", "actuator", host.Actuators.Names.Select(name => (name, host.Actuators.IsOn(name) is null ? 0.0 : 1)));
    }

    private static SensorState State(SensorHost host, SampledSensor sensor)
    {
        SensorStatistics statistics = sensor.Statistics;
        SensorFault? last = statistics.LastFault;
        return new SensorState(
            sensor.Name, host.Definition(sensor).Kind.Name, sensor.Quality.ToString().ToLowerInvariant(), statistics.Good, statistics.Failed,
            statistics.Missed + statistics.LeftAlone, string.Join(", ", Faults(sensor).Select(fault => $"{SensorWords.Of(fault.Reason)} {fault.Count}")),
            last?.Message, last is null ? 0 : Timestamps.FromTime(last.At));
    }

    private static IEnumerable<(FaultReason Reason, long Count)> Faults(SampledSensor sensor) =>
        from reason in Enum.GetValues<FaultReason>()
        let count = sensor.Statistics.Faults(reason)
        where count > 0
        select (reason, count);
}

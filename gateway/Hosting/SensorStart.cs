using Sluice.Engine.Data;
using Sluice.Gateway.Ingress;
using Sluice.Gateway.Mqtt.Broker;
using Sluice.Gateway.Status;
using Sluice.Gateway.Writers;
using Sluice.Sensors.Configuration;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Sampling;

namespace Sluice.Gateway.Hosting;

/// <summary>What the gateway adds to the sensors: counters go on from their stored totals, outputs tell their states.</summary>
internal static class SensorStart
{
    private const string LatestSql = """
        SELECT value FROM readings
        WHERE series_id = (SELECT id FROM series WHERE device = @device AND metric = @metric) ORDER BY ts DESC LIMIT 1
        """;

    /// <summary>Has counters go on from the totals that were kept last.</summary>
    public static async Task RestoreAsync(SensorHost host, TelemetryDatabase database, ILogger log)
    {
        foreach ((SampledSensor sensor, IRestorable driver) in host.Restorable)
        {
            await using SluiceConnection connection = await database.ConnectAsync();
            await using SluiceCommand command = connection.CreateCommand();
            command.CommandText = LatestSql;
            command.Parameters.AddWithValue("@device", sensor.Device);
            command.Parameters.AddWithValue("@metric", sensor.TotalMetric);
            object? value = await command.ExecuteScalarAsync();
            if (value is double or long)
            {
                long total = Convert.ToInt64(value);
                driver.Restore(total);
                GatewayLog.SensorRestored(log, sensor.Name, total);
            }
        }
    }

    /// <summary>Has outputs tell their states: to subscribers of <c>actuators/{name}/state</c>, retained, and as readings.</summary>
    public static void Connect(ActuatorSet outputs, SensorIngress door, MqttBroker broker, HealthState health, ILogger log)
    {
        outputs.Changed = (name, state, reason) =>
        {
            health.Clear(Part(name));
            GatewayLog.ActuatorChanged(log, name, state ? "on" : "off", reason);
            door.WriteState(name, state);
            ValueTask publishing = broker.PublishAsync($"actuators/{name}/state", state ? "on"u8.ToArray() : "off"u8.ToArray(), retain: true);
            _ = publishing.AsTask();
        };
        outputs.Failed = (name, fault) =>
        {
            health.Report(Part(name), ProblemSeverity.Degraded, $"cannot be set: {fault.Message}");
            GatewayLog.ActuatorFailed(log, name, fault.Message);
        };

        static string Part(string name) => $"actuator {name}";
    }
}

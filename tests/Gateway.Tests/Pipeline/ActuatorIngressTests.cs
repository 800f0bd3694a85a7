using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.Gateway.Ingress;
using Sluice.Sensors.Gpio;
using Sluice.Sensors.Simulation;

namespace Sluice.Gateway.Tests.Pipeline;

public sealed class ActuatorIngressTests
{
    [Theory]
    [InlineData("on", true)]
    [InlineData("TRUE", true)]
    [InlineData("1", true)]
    [InlineData("\"on\"", true)]
    [InlineData("{\"value\": true}", true)]
    [InlineData("{\"value\": 0}", false)]
    [InlineData("off", false)]
    [InlineData("maybe", null)]
    [InlineData("{\"value\"", null)]
    [InlineData("{}", null)]
    [InlineData("", null)]
    public void Commands(string payload, bool? expected) => Assert.Equal(expected, ActuatorIngress.Parse(Encoding.UTF8.GetBytes(payload)));

    [Fact]
    public async Task A_command_switches_its_output_and_the_message_goes_on()
    {
        SimulatedGpioChip chip = new("simulated", 8);
        using ActuatorSet outputs = new([new ActuatorDefinition { Name = "pump", Bus = "simulated", Line = "1" }], (output, state) => new GpioOutput(chip, output.Line, false, state), TimeProvider.System);
        outputs.Start();
        Next next = new();
        ActuatorIngress ingress = new(next, TimeProvider.System, NullLogger.Instance) { Outputs = outputs };
        await SendAsync("actuators/pump/set", "on");
        Assert.True(outputs.IsOn("pump"));
        await SendAsync("actuators/pump/state", "off");
        await SendAsync("actuators/fan/set", "on");
        await SendAsync("actuators//set", "on");
        Assert.True(outputs.IsOn("pump"));
        await SendAsync("actuators/pump/set", "off");
        Assert.False(outputs.IsOn("pump"));
        Assert.Equal(5, next.Taken);

        ValueTask SendAsync(string topic, string payload) =>
            ingress.EnqueueAsync(new IngressMessage { Topic = new TopicName(topic), ClientId = "c", Payload = Encoding.UTF8.GetBytes(payload) }, default);
    }

    private sealed class Next : IIngress
    {
        public ValueTask StoreAsync(string key, RowChanges rows, IAcknowledgement acknowledgement, CancellationToken cancellationToken) => throw new NotSupportedException();

        public bool Forwards(TopicName topic) => true;

        public int Taken { get; private set; }

        public ValueTask EnqueueAsync(in IngressMessage message, CancellationToken cancellationToken)
        {
            Taken++;
            return ValueTask.CompletedTask;
        }
    }
}

using Sluice.Sensors.Gpio;
using Sluice.Sensors.Simulation;

namespace Sluice.Sensors.Tests.Gpio;

public sealed class ActuatorTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);
    private readonly SimulatedGpioChip _chip = new("simulated", 8);
    private readonly List<string> _changes = [];

    [Fact]
    public void An_output_is_safe_from_the_first_moment_to_the_last()
    {
        List<string> levels = [];
        _chip.OutputChanged = (line, level) => levels.Add($"{line} {level}");
        ActuatorSet outputs = Make(new ActuatorDefinition { Name = "valve", Bus = "c", Line = "1", IsActiveLow = true }, new ActuatorDefinition { Name = "heat", Bus = "c", Line = "2", SafeState = true });
        outputs.Start();

        // Off is high for the one, on is high for the other.
        Assert.Equal(["1 True", "2 True"], levels);
        Assert.Equal(ActuatorResult.Done, outputs.Set("valve", true, out _));
        Assert.Equal(ActuatorResult.Done, outputs.Set("heat", false, out _));
        outputs.Dispose();
        Assert.Equal(["1 True", "2 True", "1 False", "2 False", "1 True", "2 True"], levels);
        Assert.Equal(["valve off start", "heat on start", "valve on command", "heat off command", "valve off end", "heat on end"], _changes);
    }

    [Fact]
    public void A_command_times_out_to_the_safe_state_and_a_new_one_begins_the_time_anew()
    {
        using ActuatorSet outputs = Make(new ActuatorDefinition { Name = "pump", Bus = "c", Line = "1", Timeout = TimeSpan.FromMinutes(10) });
        outputs.Start();
        outputs.Set("pump", true, out _);
        _time.Advance(TimeSpan.FromMinutes(9));
        outputs.Set("pump", true, out _);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(outputs.IsOn("pump"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(outputs.IsOn("pump"));
        Assert.Equal("pump off time-out", _changes[^1]);
    }

    [Fact]
    public void Interlocked_outputs_are_never_on_together()
    {
        using ActuatorSet outputs = Make(
            new ActuatorDefinition { Name = "up", Bus = "c", Line = "1", Interlock = ["down"] }, new ActuatorDefinition { Name = "down", Bus = "c", Line = "2" });
        outputs.Start();
        outputs.Set("down", true, out _);
        Assert.Equal(ActuatorResult.Interlocked, outputs.Set("up", true, out string reason));
        Assert.Equal("down is on, and the two are interlocked", reason);
        outputs.Set("down", false, out _);
        Assert.Equal(ActuatorResult.Done, outputs.Set("up", true, out _));
        Assert.Equal(ActuatorResult.Interlocked, outputs.Set("down", true, out _));
        Assert.Equal(ActuatorResult.Unknown, outputs.Set("sideways", true, out _));
    }

    [Fact]
    public void An_output_that_cannot_be_set_says_so_and_is_tried_again()
    {
        List<string> failures = [];
        using ActuatorSet outputs = Make(new ActuatorDefinition { Name = "pump", Bus = "c", Line = "1" });
        outputs.Failed = (name, fault) => failures.Add($"{name} {fault.Reason}");
        _chip.Plug(false);
        outputs.Start();
        Assert.Null(outputs.IsOn("pump"));
        Assert.Equal(ActuatorResult.Failed, outputs.Set("pump", true, out _));
        _chip.Plug(true);
        Assert.Equal(ActuatorResult.Done, outputs.Set("pump", true, out _));
        Assert.Equal(["pump Missing", "pump Missing"], failures);
    }

    private ActuatorSet Make(params ActuatorDefinition[] definitions) =>
        new(definitions, _ => _chip, _time) { Changed = (name, state, why) => _changes.Add($"{name} {(state ? "on" : "off")} {why}") };
}

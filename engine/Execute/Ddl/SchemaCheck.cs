using Sluice.Engine.Catalog;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>Whether views and triggers can still be understood, before and after ALTER TABLE ("ALTER TABLE", section 6).</summary>
internal static class SchemaCheck
{
    /// <param name="schema">What is checked.</param>
    /// <param name="schemas">What there is beside it.</param>
    /// <param name="after">What was done, as in " after rename"; empty before.</param>
    /// <exception cref="SluiceException">"error in view v: ...".</exception>
    public static void Run(Schema schema, Schemas schemas, string after)
    {
        foreach (View view in schema.Views)
        {
            Check($"view {view.Name}{after}", () => _ = ChangeTarget.ViewTable(new CompileState(schemas), view));
        }

        foreach (Trigger trigger in schema.Triggers)
        {
            Check($"trigger {trigger.Name}{after}", () =>
            {
                Compilation compilation = new(schemas, foreignKeys: false);
                if (NameUses.TargetOf(trigger, compilation) is { } target)
                {
                    CreateTriggerStatement definition = trigger.Definition;
                    _ = TriggerCompiler.Compile(
                        trigger, trigger.Home, definition.When, definition.Body, target, definition.Event, ConflictAction.Default, isForeignKeyAction: false, compilation);
                }
            });
        }
    }

    private static void Check(string what, Action compile)
    {
        try
        {
            compile();
        }
        catch (SluiceException error) when (error.PrimaryCode == ResultCode.Error)
        {
            throw new SluiceException(ResultCode.Error, $"error in {what}: {error.Message}", error);
        }
    }
}

using System.CommandLine;
using System.Text;
using Sluice.Gateway.Hosting;
using Sluice.Gateway.Mqtt.Security;

namespace Sluice.Gateway.Cli;

/// <summary><c>sluice user</c>: keeps the file of users that may log in to the broker.</summary>
internal static class UserCommand
{
    private const string DescriptionText = """
        Keep the users that may log in to the broker.

          sluice user add pump-1 --file users                  asks for the password
          echo secret | sluice user add pump-1 --file users    takes it from standard input
          sluice user remove pump-1 --file users
          sluice user list --file users

        The gateway is told of the file by mqtt.users and notices changes by itself.
        """;

    public static Command Create()
    {
        Command command = new("user", DescriptionText);
        command.Subcommands.Add(CreateAdd());
        command.Subcommands.Add(CreateRemove());
        command.Subcommands.Add(CreateList());
        return command;
    }

    private static Command CreateAdd()
    {
        Argument<string> name = new("NAME") { Description = "The user's name" };
        Option<string> file = FileOption();
        Command command = new("add", "Add a user, or set a new password for one.") { name, file };
        command.SetAction(arguments =>
        {
            string user = arguments.GetRequiredValue(name);
            string path = arguments.GetRequiredValue(file);
            if (UserFile.WhatIsWrongWith(user) is { } wrong)
            {
                throw new GatewayException($"'{user}': {wrong}");
            }

            UserFile users = Path.Exists(path) ? UserFile.Read(path) : UserFile.Empty();
            bool isNew = users.Set(user, PasswordHash.Create(ReadPassword(user)));
            users.Write(path);
            arguments.InvocationConfiguration.Output.WriteLine(isNew ? $"{user} added to {path}" : $"{user} has a new password in {path}");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateRemove()
    {
        Argument<string> name = new("NAME") { Description = "The user's name" };
        Option<string> file = FileOption();
        Command command = new("remove", "Remove a user. A connection that it has stays until it ends.") { name, file };
        command.SetAction(arguments =>
        {
            string user = arguments.GetRequiredValue(name);
            string path = arguments.GetRequiredValue(file);
            UserFile users = UserFile.Read(path);
            if (!users.Remove(user))
            {
                throw new GatewayException($"there is no user {user} in {path}; 'sluice user list --file {path}' shows who is");
            }

            users.Write(path);
            arguments.InvocationConfiguration.Output.WriteLine($"{user} removed from {path}");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command CreateList()
    {
        Option<string> file = FileOption();
        Command command = new("list", "List the users.") { file };
        command.SetAction(arguments =>
        {
            foreach (string user in UserFile.Read(arguments.GetRequiredValue(file)).Names)
            {
                arguments.InvocationConfiguration.Output.WriteLine(user);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Option<string> FileOption() =>
        new("--file", "-f") { Description = "The file that mqtt.users names.", HelpName = "FILE", Required = true };

    private static string ReadPassword(string user)
    {
        string? password;
        if (Console.IsInputRedirected)
        {
            password = Console.In.ReadLine();
        }
        else
        {
            Console.Error.Write($"Password for {user}: ");
            password = ReadHidden();
            Console.Error.Write("Again: ");
            if (ReadHidden() != password)
            {
                throw new GatewayException("the two passwords differ; nothing was changed");
            }
        }

        return string.IsNullOrEmpty(password) ? throw new GatewayException("the password is empty; nothing was changed") : password;
    }

    private static string ReadHidden()
    {
        StringBuilder typed = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Console.Error.WriteLine();
                    return typed.ToString();
                case ConsoleKey.Backspace:
                    typed.Length = Math.Max(0, typed.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        typed.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}

# The workflow lies in workflow/, its profiles beside this file.
include: "workflow/Snakefile"


workflow.default_target = "all"  # an include passes on every rule, but not which one is the default

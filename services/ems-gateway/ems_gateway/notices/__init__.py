"""What a previous ERO is told of somebody who moved."""

"""What a node does at home: profile its files, sign and publish what it found."""

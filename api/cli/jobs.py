"""`hearth jobs run`"""
